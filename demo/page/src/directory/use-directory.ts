import { type SteadyProviders, useSteadyProviders } from 'porchlight/react'
import { useEffect, useMemo, useState } from 'react'
import type { Provider } from '../api/directory.ts'
import { usePageServices } from '../page-services.ts'
import { useSignal } from '../state/use-signal.ts'
import { type DirectoryQuery, isSameList, isSameStreet, readQuery, requestOf } from './query.ts'

/** The query that the address means, once city and service are known; the first visit gets the first city. */
export function useQuery(address: string): DirectoryQuery | null {
  const { places } = usePageServices()
  const { firstCity, firstService } = useSignal(places.state)
  return useMemo(() => {
    const asked = readQuery(address)
    const cityId = asked.cityId ?? firstCity?.id
    const serviceId = asked.serviceId ?? firstService?.id
    return cityId && serviceId ? { ...asked, cityId, serviceId } : null
  }, [address, firstCity, firstService])
}

export interface Directory extends SteadyProviders<Provider> {
  /**
   * What the cards answer: `nothing` yet, the query `before` this one, a `shorter` list of this one, or `this`.
   * Another filter keeps the cards until it is answered; another city or service must not show people who are elsewhere.
   */
  readonly answers: 'nothing' | 'before' | 'shorter' | 'this'
  /** ISO 8601 time until which the list was surely right; null while it is, and when it never was. */
  readonly rightUntil: string | null
  /** Asks again at once, when the pauses between tries are too long for somebody. */
  retry(): void
}

interface Answer {
  readonly query: DirectoryQuery
  readonly state: SteadyProviders<Provider>
}

/** The live list of a query. */
export function useDirectory(query: DirectoryQuery | null): Directory {
  const { met } = usePageServices()
  const [last, setLast] = useState<Answer | null>(null)
  const [isResting, rest] = useState(false)
  const request = useMemo(() => (query && !isResting ? requestOf(query) : null), [query, isResting])

  const before = last && query && isSameStreet(last.query, query) ? last : null
  const state = useSteadyProviders<Provider>(request, before ? { initial: listedBy(before) } : {})
  const isAnswer = state.status === 'live' || state.status === 'stale'
  if (query && isAnswer && (last?.state !== state || last.query !== query)) setLast({ query, state })

  useEffect(() => {
    for (const provider of state.providers) met.set(provider.id, provider)
  }, [state.providers, met])
  useEffect(() => {
    if (!isResting) return
    const timer = setTimeout(() => rest(false))
    return () => clearTimeout(timer)
  }, [isResting])

  const rightUntil = useRightUntil(state.status === 'live', request)
  return { ...state, answers: whatIsAnswered(before, query, isAnswer), rightUntil, retry: () => rest(true) }
}

function whatIsAnswered(before: Answer | null, query: DirectoryQuery | null, isAnswer: boolean): Directory['answers'] {
  if (isAnswer) return 'this'
  if (!before || !query) return 'nothing'
  if (before.query.limit === query.limit && isSameList(before.query, query)) return 'this'
  return isSameList(before.query, query) ? 'shorter' : 'before'
}

const listedBy = ({ state }: Answer) => ({
  providers: state.providers,
  counts: state.counts ?? { online: 0, away: 0, dnd: 0 },
  next_cursor: state.nextCursor,
  as_of: state.asOf,
})

function useRightUntil(isLive: boolean, request: unknown): string | null {
  const [ended, setEnded] = useState<{ request: unknown; at: string } | null>(null)
  useEffect(() => {
    if (!isLive) return
    return () => setEnded({ request, at: new Date().toISOString() })
  }, [isLive, request])
  return !isLive && ended && ended.request === request ? ended.at : null
}
