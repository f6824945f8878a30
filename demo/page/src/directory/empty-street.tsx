import { useTimeAgo } from 'porchlight/react'
import { useEffect, useState } from 'react'
import { type Counts, fetchProviders, type Provider, type Service } from '../api/directory.ts'
import { usePageServices } from '../page-services.ts'
import { type DirectoryQuery, filterCount, requestOf } from './query.ts'

interface EmptyStreetProps {
  readonly query: DirectoryQuery | null
  readonly counts: Counts
  readonly service: Service | null
  readonly city: string
  readonly onChange: (part: Partial<DirectoryQuery>) => void
}

/** Nobody matches: since when, and the next best thing to do. */
export function EmptyStreet({ query, counts, service, city, onChange }: EmptyStreetProps) {
  const last = useLastOneHere(query)
  const ago = useTimeAgo(last?.presence.last_seen ?? null)
  if (!query) return null

  if (filterCount(query) === 0) {
    return (
      <section className="notice-panel">
        <h2>{`No ${service?.plural.toLowerCase() ?? 'people'} in ${city || 'this city'} yet`}</h2>
        <p>Choose another city or service above; the number beside each tells how many people are there.</p>
      </section>
    )
  }
  const away = query.statuses.includes('away') ? 0 : counts.away
  return (
    <section className="notice-panel">
      <h2>{query.statuses.length > 0 ? 'Nobody is home right now' : 'Nobody was here in that time'}</h2>
      <p>
        {ago === '' ? '' : `The last one was here ${ago}. `}
        You can leave a message; it waits until they are back.
      </p>
      {away > 0 && (
        <button
          type="button"
          className="button button-primary"
          onClick={() => onChange({ statuses: ['online', 'away'], activeWithin: null, lastSeen: null })}
        >
          {away === 1 ? 'Show the one who is away' : `Show the ${away} who are away`}
        </button>
      )}
      <button
        type="button"
        className={away > 0 ? 'button button-quiet' : 'button button-primary'}
        onClick={() => onChange({ statuses: [], activeWithin: null, lastSeen: null, sort: 'last_seen' })}
      >
        Show who was here last
      </button>
    </section>
  )
}

/** Whoever of this city and service was seen last. */
function useLastOneHere(query: DirectoryQuery | null): Provider | null {
  const { http } = usePageServices()
  const [last, setLast] = useState<Provider | null>(null)
  useEffect(() => {
    if (!query) return
    const stop = new AbortController()
    const everybody = requestOf({ ...query, statuses: [], activeWithin: null, lastSeen: null, sort: 'last_seen' }, null)
    everybody.set('limit', '1')
    fetchProviders(http, everybody, stop.signal).then(
      ({ providers }) => setLast(providers[0] ?? null),
      // Without this sentence the panel still says what to do.
      () => undefined,
    )
    return () => stop.abort()
  }, [http, query])
  return last
}
