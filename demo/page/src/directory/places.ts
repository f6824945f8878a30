import { type City, fetchCities, fetchServices, type Service } from '../api/directory.ts'
import { explain, type Http } from '../api/http.ts'
import { createSignal, type Signal } from '../state/signal.ts'

/** Where a first visit begins, when the directory has it. */
const FIRST_CITY = 'Lyon'
const FIRST_SERVICE = 'plumber'
/** Enough to name the city of a link; a city beyond is named by the people in it. */
const NAMED_CITIES = 100

interface PlacesState {
  readonly services: readonly Service[]
  /** Every city met so far, by id. */
  readonly cities: ReadonlyMap<string, City>
  readonly firstCity: City | null
  readonly firstService: Service | null
  readonly failed: { readonly message: string; readonly code: string } | null
}

/** The cities and services there are, as far as this page needs their names. */
export interface Places {
  readonly state: Signal<PlacesState>
  load(cityId: string | null): Promise<void>
  meet(city: City): void
}

export function createPlaces(http: Http): Places {
  const state = createSignal<PlacesState>({
    services: [],
    cities: new Map(),
    firstCity: null,
    firstService: null,
    failed: null,
  })
  const meetAll = (met: readonly City[]): ReadonlyMap<string, City> =>
    new Map([...state.get().cities, ...met.map((city) => [city.id, city] as const)])

  return {
    state,
    async load(cityId) {
      if (state.get().services.length > 0) return
      state.set({ ...state.get(), failed: null })
      try {
        const [services, named] = await Promise.all([fetchServices(http), fetchCities(http, FIRST_CITY, 5)])
        const exact = named.find(({ name }) => name === FIRST_CITY)
        const needMore = !exact || (cityId !== null && cityId !== exact.id)
        const cities = needMore ? [...named, ...(await fetchCities(http, '', NAMED_CITIES))] : named
        state.set({
          services,
          cities: meetAll(cities),
          firstCity: exact ?? cities[0] ?? null,
          firstService: services.find(({ name }) => name.toLowerCase() === FIRST_SERVICE) ?? services[0] ?? null,
          failed: null,
        })
      } catch (error) {
        state.set({ ...state.get(), failed: explain(error) })
      }
    },
    meet(city) {
      state.set({ ...state.get(), cities: meetAll([city]) })
    },
  }
}
