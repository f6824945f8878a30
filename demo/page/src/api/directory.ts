import type { PresenceInfo } from 'porchlight/protocol'
import type { Http } from './http.ts'

export interface City {
  readonly id: string
  readonly name: string
  readonly country: string
  readonly providers: number
}

export interface Service {
  readonly id: string
  readonly name: string
  readonly plural: string
  readonly providers: number
}

/** Somebody who can be asked, with what we may know of them right now. */
export interface Provider {
  readonly id: string
  readonly name: string
  readonly city_id: string | number
  readonly city: string
  readonly country: string
  readonly service_id: string | number
  readonly service: string
  readonly services: readonly string[]
  readonly rating: number
  readonly reviews: number
  /** Euros per hour. */
  readonly price: number
  readonly about: string
  /** Made up and moved by the demo, not a person. */
  readonly simulated: boolean
  readonly presence: PresenceInfo
}

export interface Counts {
  readonly online: number
  readonly away: number
  readonly dnd: number
}

export interface ProviderPage {
  readonly providers: readonly Provider[]
  readonly next_cursor: string | null
  readonly counts: Counts
  readonly as_of: string | null
  readonly stale: boolean
}

export const fetchCities = async (http: Http, q: string, limit: number, signal?: AbortSignal): Promise<City[]> => {
  const query = new URLSearchParams({ limit: String(limit), ...(q === '' ? {} : { q }) })
  const { cities } = await http<{ cities: Wire<City>[] }>(`/api/cities?${query}`, until(signal))
  return cities.map(named)
}

export const fetchServices = async (http: Http): Promise<Service[]> =>
  (await http<{ services: Wire<Service>[] }>('/api/services')).services.map(named)

export const fetchProviders = async (http: Http, query: URLSearchParams, signal?: AbortSignal): Promise<ProviderPage> =>
  await http<ProviderPage>(`/api/providers?${query}`, until(signal))

export const fetchProvider = async (http: Http, id: string, signal?: AbortSignal): Promise<Provider> =>
  await http<Provider>(`/api/providers/${encodeURIComponent(id)}`, until(signal))

/** Cities and services are numbered by the server; here their ids are text, as the address has them. */
type Wire<Place extends { readonly id: string }> = Omit<Place, 'id'> & { readonly id: string | number }

const named = <Place extends { readonly id: string }>(place: Wire<Place>): Place =>
  ({ ...place, id: String(place.id) }) as unknown as Place

/** Nothing to give up, or a signal that does. */
const until = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal ? { signal } : {})
