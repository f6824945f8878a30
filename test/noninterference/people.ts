import type { MemoryProvider } from '../../src/store/memory/search-providers.ts'

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** The provider of whom viewers may not know. */
export const SECRET = id(3)
/** Everybody else who ever connects: four providers and two clients. */
export const OTHERS = [1, 2, 4, 5, 11, 12].map(id)
/** Somebody the host has, who is never here. */
export const ABSENT = id(6)
/** Nobody's id. */
export const NOBODY = id(99)
/** Whom others ask about. */
export const ASKED = [SECRET, ...OTHERS.slice(0, 4), ABSENT, NOBODY]

export const CITIES = ['1', '2']
export const SERVICES = ['10', '20']

/** Ratings and prices that several share, so that ties are broken somehow; the secret one is in the middle of each list. */
export const PROVIDERS: readonly MemoryProvider[] = [
  provider(1, { city_id: '1', service_ids: ['10', '20'], rating: 4.5, price: 30, name: 'Ana' }),
  provider(2, { city_id: '1', service_ids: ['10'], rating: 4, price: 40, name: 'Ben' }),
  provider(3, { city_id: '1', service_ids: ['10', '20'], rating: 4.5, price: 40, name: 'Cleo' }),
  provider(4, { city_id: '1', service_ids: ['20'], rating: null, price: null, name: 'Dana' }),
  provider(5, { city_id: '2', service_ids: ['10'], rating: 4.5, price: 40, name: 'Anaïs' }),
  provider(6, { city_id: '1', service_ids: ['10'], rating: 3, price: 20, name: 'Finn' }),
]

export const USERS = [...PROVIDERS.map((one) => one.id), ...OTHERS.slice(4)]

function provider(n: number, fields: Omit<MemoryProvider, 'id'>): MemoryProvider {
  return { id: id(n), ...fields }
}
