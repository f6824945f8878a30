import { useProviders, useTimeAgo } from 'porchlight/react'
import { useMemo } from 'react'
import type { Provider } from '../api/directory.ts'
import type { ProviderListProps } from './provider-list.tsx'
import { type DirectoryQuery, filterCount, NO_FILTERS, otherFilterCount, requestOf } from './query.ts'

type EmptyStreetProps = ProviderListProps & { readonly query: DirectoryQuery }

/** Nobody matches: since when, and the next best thing to do. */
export function EmptyStreet({ query, directory, service, city, onChange }: EmptyStreetProps) {
  if (filterCount(query) === 0) {
    return (
      <section className="notice-panel">
        <h2>{`No ${service?.plural.toLowerCase() ?? 'people'} in ${city || 'this city'} yet`}</h2>
        <p>Choose another city or service above; the number beside each tells how many people are there.</p>
      </section>
    )
  }
  if (otherFilterCount(query) > 0) {
    return (
      <section className="notice-panel">
        <h2>{query.name === '' ? 'Nobody fits all of that' : `Nobody called “${query.name}” fits`}</h2>
        <p>Widen a bound, or look at everybody and let the order bring the best to the top.</p>
        <button type="button" className="button button-primary" onClick={() => onChange(NO_FILTERS)}>
          Clear the filters
        </button>
      </section>
    )
  }
  return <NobodyHome query={query} away={directory.counts?.away ?? 0} onChange={onChange} />
}

interface NobodyHomeProps extends Pick<EmptyStreetProps, 'query' | 'onChange'> {
  readonly away: number
}

function NobodyHome({ query, away, onChange }: NobodyHomeProps) {
  const ago = useTimeAgo(useLastOneHere(query)?.presence.last_seen ?? null)
  const offersAway = away > 0 && !query.statuses.includes('away')
  return (
    <section className="notice-panel">
      <h2>{query.statuses.length > 0 ? 'Nobody is home right now' : 'Nobody was here in that time'}</h2>
      <p>
        {ago === '' ? '' : `The last one was here ${ago}. `}
        You can leave a message; it waits until they are back. Whoever comes home appears here by themselves.
      </p>
      {offersAway && (
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
        className={offersAway ? 'button button-quiet' : 'button button-primary'}
        onClick={() => onChange({ ...NO_FILTERS, sort: 'last_seen' })}
      >
        Show who was here last
      </button>
    </section>
  )
}

/** Whoever of this city and service was seen last. */
function useLastOneHere(query: DirectoryQuery): Provider | undefined {
  const everybody = useMemo(() => requestOf({ ...query, ...NO_FILTERS, sort: 'last_seen', limit: 1 }), [query])
  return useProviders<Provider>(everybody).providers[0]
}
