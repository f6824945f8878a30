import { expect, test } from 'vitest'
import { normaliseQuery } from './query.ts'

test('a search is the same however it is written', () => {
  const { key, request } = normaliseQuery({ city_id: 5, online_status: ['online', 'away', 'online'], limit: 20 })
  expect(request).toEqual({ city_id: '5', limit: '20', online_status: 'away,online' })
  expect(normaliseQuery({ limit: '20', online_status: 'online,away', city_id: '5' }).key).toBe(key)
  expect(normaliseQuery({ limit: '20', online_status: 'online', city_id: '5' }).key).not.toBe(key)
})

test('a field that nobody filled in asks for nothing', () => {
  const asked = { city_id: 5, name: '', online_status: [], service_id: undefined } as unknown as { city_id: number }
  expect(normaliseQuery(asked)).toEqual(normaliseQuery({ city_id: 5 }))
  expect(normaliseQuery({ min_price: 0 }).request).toEqual({ min_price: '0' })
})
