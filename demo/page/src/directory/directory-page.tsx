import { useRoster } from 'porchlight/react'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { City, Counts, Service } from '../api/directory.ts'
import { navigate } from '../navigation/location.ts'
import { usePageServices } from '../page-services.ts'
import { Modal } from '../shell/modal.tsx'
import { useMedia, WIDE } from '../shell/use-media.ts'
import { useSignal } from '../state/use-signal.ts'
import { useTitle } from '../status/use-tab-mark.ts'
import type { Listing } from './listing.ts'
import { Filters } from './filters.tsx'
import { HomeCount } from './home-count.tsx'
import { liveCounts } from './live-counts.ts'
import { ProviderList } from './provider-list.tsx'
import { QuickFilters } from './quick-filters.tsx'
import { addressOf, type DirectoryQuery } from './query.ts'
import { SearchFields } from './search-fields.tsx'
import { useDirectory, useQuery } from './use-directory.ts'

/** The first screen: what this is, where and what, how many are home, and who. */
export function DirectoryPage({ address }: { readonly address: string }) {
  const { places } = usePageServices()
  const { services, cities, failed } = useSignal(places.state)
  const list = useRef<HTMLDivElement>(null)
  const query = useQuery(address)
  const state = useDirectory(query, list)
  const [sheet, setSheet] = useState(false)
  const wide = useMedia(WIDE)
  const counts = useLiveCounts(state.listing)

  const askedCity = query?.cityId ?? null
  useEffect(() => void places.load(askedCity), [places, askedCity])

  const service = services.find(({ id }) => id === query?.serviceId)
  const city = cityName(query, cities, state.listing)
  useTitle(service && city ? `${capital(service.plural)} in ${city} · Porchlight` : 'Porchlight')

  const change = (part: Partial<DirectoryQuery>): void => {
    if (query) navigate(addressOf({ ...query, ...part }))
  }
  const pickCity = (picked: City): void => {
    places.meet(picked)
    change({ cityId: picked.id })
  }

  return (
    <>
      <section className="hero">
        <h1>See whose porch light is on, and ask someone who answers now.</h1>
        <SearchFields
          city={city}
          service={service?.name ?? ''}
          services={services}
          onCity={pickCity}
          onService={(picked: Service) => change({ serviceId: picked.id })}
        />
        <HomeCount counts={counts} service={service ?? null} city={city} />
      </section>
      <div className="directory">
        {wide ? (
          <aside className="filters-aside" aria-label="Filters">
            <Filters query={query} counts={counts} onChange={change} />
          </aside>
        ) : (
          <QuickFilters query={query} counts={counts} onChange={change} onOpen={() => setSheet(true)} />
        )}
        <ProviderList
          listRef={list}
          state={state}
          failed={state.failed ?? failed}
          service={service ?? null}
          city={city}
          onChange={change}
          onRetry={() => void places.load(askedCity)}
        />
      </div>
      {sheet && !wide && (
        <Modal label="Filters" className="sheet" onClose={() => setSheet(false)}>
          <Filters query={query} counts={counts} onChange={change} />
          <button type="button" className="button button-primary button-wide" onClick={() => setSheet(false)}>
            Show the people
          </button>
        </Modal>
      )}
    </>
  )
}

function useLiveCounts(listing: Listing | null): Counts | null {
  const presences = useRoster(listing?.latest.providers.map(({ id }) => id) ?? [])
  return useMemo(() => listing && liveCounts(listing, presences), [listing, presences])
}

/** A city beyond those we know by name is named by the people in it. */
function cityName(query: DirectoryQuery | null, cities: ReadonlyMap<string, City>, listing: Listing | null): string {
  if (!query) return ''
  const known = cities.get(query.cityId)?.name
  return known ?? listing?.shown.find(({ city_id }) => String(city_id) === query.cityId)?.city ?? ''
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
