import { QueryTypes, type Sequelize } from 'sequelize'

export interface CityRow {
  readonly id: number
  readonly name: string
  readonly country: string
  readonly country_code: string
  readonly providers: number
}

export interface ServiceRow {
  readonly id: number
  readonly name: string
  readonly plural: string
  readonly slug: string
  readonly providers: number
}

/** The cities and services there are, with how many providers each has. */
export interface Catalogue {
  cities(): Promise<CityRow[]>
  services(): Promise<ServiceRow[]>
}

const CITIES = `
  select cities.id, cities.name, country, country_code, coalesce(counted.providers, 0)::int as providers
  from cities
  left join (select city_id, count(*) as providers from providers group by city_id) counted on counted.city_id = cities.id
  order by providers desc, population desc, cities.id`

const SERVICES = `
  select services.id, name, plural, slug, coalesce(counted.providers, 0)::int as providers
  from services
  left join (select service_id, count(*) as providers from provider_services group by service_id) counted
    on counted.service_id = services.id
  order by providers desc, services.id`

/** Counting a million providers takes a while and few of them move: answers are kept for `keepMs`. */
export function createCatalogue(sequelize: Sequelize, { keepMs = 15_000, clock = Date.now } = {}): Catalogue {
  const options = { type: QueryTypes.SELECT, logging: false } as const
  return {
    cities: remembered(() => sequelize.query<CityRow>(CITIES, options), keepMs, clock),
    services: remembered(() => sequelize.query<ServiceRow>(SERVICES, options), keepMs, clock),
  }
}

/** Loads at most once at a time and once per `keepMs`; neither failures nor an empty list are remembered. */
function remembered<T>(load: () => Promise<T[]>, keepMs: number, clock: () => number): () => Promise<T[]> {
  let rows: Promise<T[]> | null = null
  let until = 0
  const reload = async (): Promise<T[]> => {
    try {
      const loaded = await load()
      if (loaded.length === 0) rows = null
      return loaded
    } catch (error) {
      rows = null
      throw error
    }
  }
  return () => {
    if (rows === null || clock() >= until) {
      until = clock() + keepMs
      rows = reload()
    }
    return rows
  }
}

/**
 * Cities that somebody who typed `text` may mean, whatever the accents: those that begin with it, then those that
 * contain it, then those of a country that begins with it; within each, those with the most providers first.
 */
export function suggestCities(cities: readonly CityRow[], text: string, limit: number): CityRow[] {
  const wanted = plain(text)
  return cities
    .map((city) => ({ city, rank: rankOf(city, wanted) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank || b.city.providers - a.city.providers)
    .slice(0, limit)
    .map(({ city }) => city)
}

function rankOf({ name, country }: CityRow, wanted: string): number {
  const at = plain(name).indexOf(wanted)
  if (at === 0) return 0
  if (at > 0) return 1
  return plain(country).startsWith(wanted) ? 2 : 3
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').trim().toLowerCase()
