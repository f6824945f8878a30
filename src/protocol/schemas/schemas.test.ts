import { describe, expect, test } from 'vitest'
import { PresenceError } from '../../domain/errors.ts'
import { integerIds, uuidIds } from '../../domain/user-id.ts'
import { parseHandshake } from './handshake.ts'
import { createOpenApiDocument } from './openapi.ts'
import { parsePresenceFilter, parseProviderQuery } from './provider-query.ts'
import { parseSettings } from './settings.ts'
import { parseStatusChange } from './status-change.ts'
import { parseBatchIds } from './user-ids.ts'
import { parseUnwatch, parseWatch } from './watch.ts'

const ALICE = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'
const BOB = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e02'

describe('a change of status', () => {
  test('R11 keeps what is omitted and clears what is null', () => {
    expect(parseStatusChange({ status: 'away' })).toEqual({ status: 'away', message: undefined, expiresInS: null })
    expect(parseStatusChange({ status: 'dnd', message: null, expires_in: 60 })).toEqual({
      status: 'dnd',
      message: null,
      expiresInS: 60,
    })
  })

  test('R15 trims a message and takes an empty one as cleared', () => {
    expect(parseStatusChange({ status: 'online', message: '  on a roof  ' }).message).toBe('on a roof')
    expect(parseStatusChange({ status: 'online', message: '   ' }).message).toBeNull()
    expect(parseStatusChange({ status: 'online', message: '🔧'.repeat(100) }).message).toHaveLength(200)
  })

  test.each<[input: unknown, code: string]>([
    [{}, 'INVALID_STATUS'],
    [{ status: 'busy' }, 'INVALID_STATUS'],
    [{ status: 'offline' }, 'INVALID_STATUS'],
    [{ status: null }, 'INVALID_STATUS'],
    [{ status: 'away', message: 7 }, 'INVALID_MESSAGE'],
    [{ status: 'away', message: 'x'.repeat(101) }, 'INVALID_MESSAGE'],
    [{ status: 'away', message: 'a\u202Eb' }, 'INVALID_MESSAGE'],
    [{ status: 'away', message: 'a\u0000b' }, 'INVALID_MESSAGE'],
    [{ status: 'away', expires_in: 0 }, 'INVALID_EXPIRY'],
    [{ status: 'away', expires_in: 1.5 }, 'INVALID_EXPIRY'],
    [{ status: 'away', expires_in: '60' }, 'INVALID_EXPIRY'],
    [{ status: 'away', expires_in: null }, 'INVALID_EXPIRY'],
    [{ status: 'away', expires_in: 2_592_001 }, 'INVALID_EXPIRY'],
    [{ status: 'away', expires_in: Number.NaN }, 'INVALID_EXPIRY'],
    [undefined, 'INVALID_PAYLOAD'],
    [null, 'INVALID_PAYLOAD'],
    [[], 'INVALID_PAYLOAD'],
    ['away', 'INVALID_PAYLOAD'],
  ])('R52 refuses %j with %s', (input, code) => {
    expect(codeOf(() => parseStatusChange(input))).toBe(code)
  })

  test('R11 says that hiding is the way to look offline', () => {
    expect(() => parseStatusChange({ status: 'offline' })).toThrow(/hide/)
  })
})

test.each([{}, { show_online_status: 'false' }, { show_online_status: 0 }, null, [], undefined])(
  'R52 refuses the settings %j',
  (input) => {
    expect(codeOf(() => parseSettings(input))).toBe('INVALID_PAYLOAD')
  },
)

describe('the ids of a batch read', () => {
  test('are canonical, in order, each once', () => {
    expect(parseBatchIds({ ids: `${BOB.toUpperCase()},${ALICE},${BOB}` }, uuidIds)).toEqual([BOB, ALICE])
    expect(parseBatchIds({ ids: '7,12' }, integerIds)).toEqual(['7', '12'])
  })

  test.each<[query: unknown, code: string]>([
    [{}, 'INVALID_QUERY'],
    [{ ids: '' }, 'INVALID_QUERY'],
    [{ ids: [ALICE, BOB] }, 'INVALID_QUERY'],
    [{ ids: `${ALICE},` }, 'INVALID_ID'],
    [{ ids: 'alice' }, 'INVALID_ID'],
    [{ ids: Array.from({ length: 201 }, () => ALICE).join(',') }, 'LIMIT_EXCEEDED'],
  ])('R52, R53 refuses %j with %s', (query, code) => {
    expect(codeOf(() => parseBatchIds(query, uuidIds))).toBe(code)
  })
})

describe('a watch list', () => {
  test('R41 has canonical ids, each once, with the versions known', () => {
    const known = { [ALICE.toUpperCase()]: '17', nobody: '3' }
    expect(parseWatch({ users: [ALICE, ALICE.toUpperCase(), BOB], known }, uuidIds, 3)).toEqual({
      users: [ALICE, BOB],
      known: { [ALICE]: '17' },
    })
    expect(parseWatch({ users: [] }, uuidIds, 3)).toEqual({ users: [], known: {} })
  })

  test.each<[input: unknown, code: string]>([
    [undefined, 'INVALID_PAYLOAD'],
    [{}, 'INVALID_PAYLOAD'],
    [{ users: ALICE }, 'INVALID_PAYLOAD'],
    [{ users: [7] }, 'INVALID_PAYLOAD'],
    [{ users: [ALICE], known: [] }, 'INVALID_PAYLOAD'],
    [{ users: [ALICE], known: { [ALICE]: 17 } }, 'INVALID_PAYLOAD'],
    [{ users: [ALICE], known: { [ALICE]: '-1' } }, 'INVALID_PAYLOAD'],
    [{ users: ['alice'] }, 'INVALID_ID'],
    [{ users: [1, 2, 3, 4] }, 'LIMIT_EXCEEDED'],
    [{ users: [], known: { a: '1', b: '1', c: '1', d: '1' } }, 'LIMIT_EXCEEDED'],
  ])('R52, R53 refuses %j with %s', (input, code) => {
    expect(codeOf(() => parseWatch(input, uuidIds, 3))).toBe(code)
  })

  test('is left by nothing at all, or an object', () => {
    expect(parseUnwatch(undefined)).toEqual({})
    expect(parseUnwatch({ watch_id: 'w1' })).toEqual({ watch_id: 'w1' })
    expect(codeOf(() => parseUnwatch(['w1']))).toBe('INVALID_PAYLOAD')
  })
})

describe('a provider query', () => {
  test('has defaults, and leaves parameters alone that it does not know', () => {
    expect(parseProviderQuery({ utm_source: ['a', 'b'] })).toEqual({
      cityId: null,
      serviceId: null,
      statuses: null,
      lastSeenWithinMs: null,
      activeWithinMs: null,
      name: null,
      price: { min: null, max: null },
      rating: { min: null, max: null },
      sort: 'availability',
      limit: 20,
      cursor: null,
    })
  })

  test('reads every parameter', () => {
    const query = { city_id: '3', service_id: '9', online_status: 'online,away,online', last_seen: '1h', limit: '100' }
    const wanted = { name: 'José', min_price: '20', max_price: '60.5', min_rating: '4.5', max_rating: '5' }
    expect(parseProviderQuery({ ...query, ...wanted, active_within: '24h', sort: 'rating', cursor: 'abc' })).toEqual({
      cityId: '3',
      serviceId: '9',
      statuses: ['online', 'away'],
      lastSeenWithinMs: 3_600_000,
      activeWithinMs: 86_400_000,
      name: 'José',
      price: { min: 20, max: 60.5 },
      rating: { min: 4.5, max: 5 },
      sort: 'rating',
      limit: 100,
      cursor: 'abc',
    })
  })

  test.each<[query: unknown, code: string]>([
    [{ online_status: 'busy' }, 'INVALID_QUERY'],
    [{ online_status: 'online,' }, 'INVALID_QUERY'],
    [{ online_status: '' }, 'INVALID_QUERY'],
    [{ online_status: ['online', 'away'] }, 'INVALID_QUERY'],
    [{ last_seen: '1 hour' }, 'INVALID_QUERY'],
    [{ last_seen: '91d' }, 'INVALID_QUERY'],
    [{ active_within: '0s' }, 'INVALID_QUERY'],
    [{ active_within: { gt: '1h' } }, 'INVALID_QUERY'],
    [{ limit: '0' }, 'INVALID_QUERY'],
    [{ limit: '101' }, 'INVALID_QUERY'],
    [{ limit: '1e1' }, 'INVALID_QUERY'],
    [{ sort: 'name' }, 'INVALID_QUERY'],
    [{ city_id: '' }, 'INVALID_QUERY'],
    [{ cursor: ['a', 'b'] }, 'INVALID_CURSOR'],
    [{ name: '' }, 'INVALID_QUERY'],
    [{ name: 'x'.repeat(101) }, 'INVALID_QUERY'],
    [{ name: 'a\u0000b' }, 'INVALID_QUERY'],
    [{ name: ' ' }, 'INVALID_QUERY'],
    [{ name: '%--' }, 'INVALID_QUERY'],
    [{ name: '\u0301' }, 'INVALID_QUERY'],
    [{ name: ['a', 'b'] }, 'INVALID_QUERY'],
    [{ min_price: '-1' }, 'INVALID_QUERY'],
    [{ max_price: '1e3' }, 'INVALID_QUERY'],
    [{ min_rating: 'NaN' }, 'INVALID_QUERY'],
    [{ max_rating: '4,5' }, 'INVALID_QUERY'],
    [{ cursor: 'x'.repeat(4_401) }, 'INVALID_CURSOR'],
  ])('R52 refuses %j with %s', (query, code) => {
    expect(codeOf(() => parseProviderQuery(query))).toBe(code)
  })

  test("its conditions on presence can be read from a host's own query", () => {
    const conditions = { statuses: ['dnd'], lastSeenWithinMs: null, activeWithinMs: 900_000 }
    expect(parsePresenceFilter({ online_status: 'dnd', active_within: '15m', limit: 'all' })).toEqual(conditions)
  })
})

describe('a handshake', () => {
  test('names its device', () => {
    const auth = { token: 't', device_type: 'mobile', device_id: 'phone-1', format: 'diff' }
    expect(parseHandshake(auth)).toEqual({ deviceType: 'mobile', deviceId: 'phone-1', format: 'diff' })
  })

  test.each([
    undefined,
    null,
    'x',
    { device_type: 'tv', device_id: 'x'.repeat(129), format: 7 },
    { device_id: 'a\nb' },
  ])('R52 falls back when it says nothing that we understand: %j', (auth) => {
    expect(parseHandshake(auth)).toEqual({ deviceType: null, deviceId: null, format: 'events' })
  })
})

test('the OpenAPI document names every call, and can be made again', () => {
  createOpenApiDocument()
  const document = createOpenApiDocument() as { openapi: string; paths: Record<string, Record<string, unknown>> }
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(document.openapi).toBe('3.1.0')
  expect(calls).toEqual([
    'GET /api/users/presence',
    'GET /api/users/presence/{userId}',
    'PATCH /api/users/presence/status',
    'GET /api/users/presence/settings',
    'PATCH /api/users/presence/settings',
    'GET /api/users/presence/settings/preview',
    'GET /api/users/presence/blocks',
    'PUT /api/users/presence/blocks/{userId}',
    'DELETE /api/users/presence/blocks/{userId}',
    'GET /api/users/presence/sessions',
    'DELETE /api/users/presence/sessions',
    'DELETE /api/users/presence/sessions/{id}',
    'GET /api/users/presence/data',
    'DELETE /api/users/presence/data',
    'POST /api/users/presence/{userId}/reports',
    'GET /api/users/presence/reports',
    'DELETE /api/users/presence/{userId}/message',
    'GET /api/providers',
    'GET /healthz',
    'GET /readyz',
    'GET /metrics',
    'GET /ops/data',
    'GET /ops/users/{userId}',
    'GET /openapi.json',
  ])
})

/** The code of the failure that this ends in. */
function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof PresenceError) return error.code
    throw error
  }
  return 'none'
}
