import { expect, test } from 'vitest'
import type { ProviderQuery } from '../verbs.ts'
import { searchKey } from './search-key.ts'

const QUERY: ProviderQuery = {
  cityId: '1',
  serviceId: '2',
  statuses: ['online', 'away'],
  lastSeenWithinMs: 1,
  activeWithinMs: 2,
  name: 'José',
  price: { min: 1, max: 2 },
  rating: { min: 3, max: 4 },
  sort: 'price',
  limit: 20,
  place: null,
}

test('searches that find the same are one, however they are written', () => {
  const key = searchKey(QUERY)
  expect(searchKey({ ...QUERY, statuses: ['away', 'online'], name: ' JOSE ' })).toBe(key)
  expect(searchKey({ ...QUERY, place: { shown: ['a'], after: null } })).toBe(key)
})

test('whatever decides what a search finds makes it another one', () => {
  const others: Partial<ProviderQuery>[] = [
    { cityId: null },
    { serviceId: '1' },
    { statuses: null },
    { statuses: ['online'] },
    { lastSeenWithinMs: null },
    { activeWithinMs: null },
    { name: null },
    { name: 'jo' },
    { price: { min: 1, max: null } },
    { price: { min: null, max: 2 } },
    { rating: { min: 3, max: null } },
    { rating: { min: null, max: 4 } },
    { sort: 'rating' },
    { limit: 21 },
  ]
  const keys = [{}, ...others].map((other) => searchKey({ ...QUERY, ...other }))
  expect(new Set(keys).size).toBe(keys.length)
  // A field that is forgotten here would make two different searches one.
  expect(new Set(others.flatMap(Object.keys))).toEqual(new Set(Object.keys(QUERY).filter((name) => name !== 'place')))
})
