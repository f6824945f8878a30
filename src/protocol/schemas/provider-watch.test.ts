import { describe, expect, test } from 'vitest'
import { parseProviderQuery } from './provider-query.ts'
import { parseProviderWatch } from './provider-watch.ts'

const read = (input: unknown) => parseProviderQuery(parseProviderWatch(input))

describe('a search to watch', () => {
  test('means the same in numbers and lists as in the text of a query', () => {
    const numbers = {
      city_id: 7,
      service_id: 3,
      online_status: ['online', 'away'],
      min_price: 20,
      max_rating: 4.5,
      limit: 50,
    }
    const text = {
      city_id: '7',
      service_id: '3',
      online_status: 'online,away',
      min_price: '20',
      max_rating: '4.5',
      limit: '50',
    }
    expect(read(numbers)).toEqual(read(text))
    expect(read(text)).toEqual(parseProviderQuery(text))
    expect(read({})).toEqual(parseProviderQuery({}))
  })

  test.each<[input: unknown, code: string]>([
    [undefined, 'INVALID_PAYLOAD'],
    [null, 'INVALID_PAYLOAD'],
    ['plumber', 'INVALID_PAYLOAD'],
    [{ city_id: null }, 'INVALID_PAYLOAD'],
    [{ city_id: { $gt: 0 } }, 'INVALID_PAYLOAD'],
    [{ limit: [20] }, 'INVALID_PAYLOAD'],
    [{ online_status: [7] }, 'INVALID_PAYLOAD'],
    [{ online_status: [] }, 'INVALID_QUERY'],
    [{ online_status: ['online', 'gone'] }, 'INVALID_QUERY'],
    [{ limit: 0 }, 'INVALID_QUERY'],
    [{ limit: 1.5 }, 'INVALID_QUERY'],
    [{ min_price: -1 }, 'INVALID_QUERY'],
    [{ min_price: 1e21 }, 'INVALID_QUERY'],
    [{ min_price: Number.NaN }, 'INVALID_PAYLOAD'],
    [{ last_seen: '1 hour' }, 'INVALID_QUERY'],
    [{ sort: 'name' }, 'INVALID_QUERY'],
    [{ name: 'a\u0000b' }, 'INVALID_QUERY'],
    [{ cursor: 'aAAAAAAAA' }, 'INVALID_QUERY'],
    [{ cursor: undefined }, 'INVALID_QUERY'],
  ])('R52 refuses %j with %s', (input, code) => {
    expect(() => read(input)).toThrow(expect.objectContaining({ code }))
  })
})
