import { useCallback, useEffect, useState } from 'react'
import type { City, Provider, Service } from '../api/directory.ts'
import { navigate, replaceAddress } from '../navigation/location.ts'
import { usePageServices } from '../page-services.ts'
import { useMedia, WIDE } from '../shell/use-media.ts'
import { useSignal } from '../state/use-signal.ts'
import { useTitle } from '../status/use-tab-mark.ts'
import { Filters } from './filters.tsx'
import { FilterSheet } from './filter-sheet.tsx'
import { HomeCount } from './home-count.tsx'
import { ProviderList } from './provider-list.tsx'
import { addressOf, type DirectoryQuery, isStepFrom, PAGE_SIZE } from './query.ts'
import { QuickFilters } from './quick-filters.tsx'
import { SearchFields } from './search-fields.tsx'
import { useDirectory, useQuery } from './use-directory.ts'

/** Milliseconds until places that could not be fetched are asked for again. */
const PLACES_AGAIN_MS = 5_000

/** The first screen: what this is, where and what, how many are home, and who. */
export function DirectoryPage({ address }: { readonly address: string }) {
  const { places } = usePageServices()
  const { services, cities, failed } = useSignal(places.state)
  const query = useQuery(address)
  const directory = useDirectory(query)
  const change = useChange(query)
  const [isSheetOpen, openSheet] = useState(false)
  const wide = useMedia(WIDE)
  const retryPlaces = usePlaces(query?.cityId ?? null)

  const service = services.find(({ id }) => id === query?.serviceId) ?? null
  const city = cityName(query, cities, directory.providers)
  useTitle(service && city ? `${capital(service.plural)} in ${city} · Porchlight` : 'Porchlight')

  const pickCity = (picked: City): void => {
    places.meet(picked)
    change({ cityId: picked.id })
  }
  const filters = { query, counts: directory.counts, onChange: change }
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
        <HomeCount counts={directory.counts} service={service} city={city} />
      </section>
      <div className="directory">
        {wide ? (
          <aside className="filters-aside" aria-label="Filters">
            <Filters {...filters} />
          </aside>
        ) : (
          <QuickFilters {...filters} onOpen={() => openSheet(true)} />
        )}
        <ProviderList
          query={query}
          directory={directory}
          failed={failed}
          service={service}
          city={city}
          onChange={change}
          onRetry={retryPlaces}
        />
      </div>
      {isSheetOpen && !wide && <FilterSheet {...filters} directory={directory} onClose={() => openSheet(false)} />}
    </>
  )
}

/** Changes what the address asks for, as a step that Back undoes where somebody would look for one. */
function useChange(query: DirectoryQuery | null): (part: Partial<DirectoryQuery>) => void {
  return useCallback(
    (part) => {
      if (!query) return
      const next = { ...query, limit: PAGE_SIZE, ...part }
      if (isStepFrom(query, next)) navigate(addressOf(next))
      else replaceAddress(addressOf(next))
    },
    [query],
  )
}

/** Fetches the names of places, again after a while when that failed. @returns asks at once */
function usePlaces(cityId: string | null): () => void {
  const { places } = usePageServices()
  const { failed } = useSignal(places.state)
  const load = useCallback(() => void places.load(cityId), [places, cityId])
  useEffect(load, [load])
  useEffect(() => {
    if (!failed) return
    const timer = setTimeout(load, PLACES_AGAIN_MS)
    return () => clearTimeout(timer)
  }, [failed, load])
  return load
}

/** A city beyond those we know by name is named by the people in it. */
function cityName(
  query: DirectoryQuery | null,
  cities: ReadonlyMap<string, City>,
  people: readonly Provider[],
): string {
  if (!query) return ''
  const known = cities.get(query.cityId)?.name
  return known ?? people.find(({ city_id }) => String(city_id) === query.cityId)?.city ?? ''
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
