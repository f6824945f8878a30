import { describe, expect, test } from 'vitest'
import { addressOf, type DirectoryQuery, filterCount, isSameList, NO_FILTERS, readQuery } from './query.ts'

const PLAIN: DirectoryQuery = { ...NO_FILTERS, cityId: '1', serviceId: '2', sort: 'availability', limit: 12 }
const NARROW: DirectoryQuery = {
  ...PLAIN,
  statuses: ['online', 'away'],
  lastSeen: '1h',
  activeWithin: '24h',
  name: 'José & sons',
  price: { min: 20, max: 60.5 },
  rating: { min: 4.5, max: null },
  sort: 'price',
  limit: 36,
}

describe('the address of a list', () => {
  test.each([PLAIN, NARROW])('means what it was made from: %#', (query) => {
    expect(readQuery(addressOf(query))).toEqual(query)
  })

  test('says no more than what was asked for', () => {
    expect(addressOf(PLAIN)).toBe('/?city_id=1&service_id=2')
    expect(addressOf({ ...PLAIN, statuses: ['online', 'away'] })).toBe(
      '/?city_id=1&service_id=2&online_status=online,away',
    )
  })

  test('leaves out what the service would refuse', () => {
    const address = '/?city_id=1&service_id=2&online_status=asleep&last_seen=soon&min_price=-3&max_rating=1e9&sort=luck'
    expect(readQuery(address)).toEqual(PLAIN)
  })

  test.each([
    ['', 12],
    ['abc', 12],
    ['13', 24],
    ['9999', 96],
  ])('reads a length of %j as %i people', (limit, people) => {
    expect(readQuery(`/?limit=${limit}`).limit).toBe(people)
  })
})

test('two bounds of one kind are one filter', () => {
  expect(filterCount(PLAIN)).toBe(0)
  expect(filterCount(NARROW)).toBe(6)
})

test('a longer list is the same list, another order is another', () => {
  expect(isSameList(NARROW, { ...NARROW, limit: 96 })).toBe(true)
  expect(isSameList(NARROW, { ...NARROW, sort: 'rating' })).toBe(false)
})
