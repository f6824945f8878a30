import { usePresenceClient } from 'porchlight/react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { fetchProviders, type Provider } from '../api/directory.ts'
import { usePageServices } from '../page-services.ts'
import { type DirectoryQuery, paramsOf, requestOf } from './query.ts'

interface FurtherCards {
  /** Below the watched ones. How these people are is live; who they are is as it was when somebody asked. */
  readonly cards: readonly Provider[]
  readonly isLoading: boolean
  readonly hasFailed: boolean
  /** Null at the end of the list. */
  readonly cursor: string | null
  fetchMore(): void
}

interface Pages {
  readonly of: DirectoryQuery | null
  readonly cards: readonly Provider[]
  /** Undefined before anything was asked. */
  readonly cursor: string | null | undefined
  readonly state: 'idle' | 'loading' | 'failed'
}

/** Where the watched part of a list ends, it goes on by cursor. */
export function useFurtherCards(
  query: DirectoryQuery | null,
  watched: readonly Provider[],
  watchedEnd: string | null,
): FurtherCards {
  const { http, met } = usePageServices()
  const client = usePresenceClient()
  const [kept, keep] = useState<Pages>(nothing(query))
  const pages = kept.of === query ? kept : nothing(query)
  const cursor = pages.cursor === undefined ? watchedEnd : pages.cursor
  const asking = useRef<AbortController | null>(null)
  useEffect(() => () => asking.current?.abort(), [query])

  const fetchMore = async (): Promise<void> => {
    if (!query || cursor === null || pages.state === 'loading') return
    const stop = new AbortController()
    asking.current = stop
    keep({ ...pages, state: 'loading' })
    const params = paramsOf(requestOf(query))
    params.set('cursor', cursor)
    try {
      const page = await fetchProviders(http, params, stop.signal)
      client.seed(page.providers.map(({ presence }) => presence))
      for (const provider of page.providers) met.set(provider.id, provider)
      keep({ of: query, cards: [...pages.cards, ...page.providers], cursor: page.next_cursor, state: 'idle' })
    } catch {
      // The button stays, and pressing it again is the retry.
      if (!stop.signal.aborted) keep({ ...pages, state: 'failed' })
    }
  }

  // Somebody may have moved up into the watched part since.
  const cards = useMemo(() => {
    const above = new Set(watched.map(({ id }) => id))
    return pages.cards.filter(({ id }) => !above.has(id))
  }, [watched, pages.cards])
  return {
    cards,
    cursor,
    isLoading: pages.state === 'loading',
    hasFailed: pages.state === 'failed',
    fetchMore: () => void fetchMore(),
  }
}

const nothing = (query: DirectoryQuery | null): Pages => ({
  of: query,
  cards: NOBODY,
  cursor: undefined,
  state: 'idle',
})

const NOBODY: readonly Provider[] = []
