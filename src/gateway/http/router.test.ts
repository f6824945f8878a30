import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { PRESENCE_ERROR_CODES, PresenceError } from '../../domain/errors.ts'
import type { PresenceInfo } from '../../domain/info.ts'
import { shortName } from '../../domain/short-name.ts'
import { uuidIds } from '../../domain/user-id.ts'
import { OPEN_LEVELS } from '../../domain/visibility.ts'
import type { PresenceVerbs, ProviderQuery, ProviderResult } from '../../service/verbs.ts'
import { noLimits } from '../limits.ts'
import { createTokens } from '../token.ts'
import { bearerUser } from './bearer-user.ts'
import { cacheControl } from './edge.ts'
import { standaloneOperator } from './operator.ts'
import { createOpsRouter } from './ops-routes.ts'
import { presenceFilter } from './presence-filter.ts'
import { PROBLEMS } from './problem.ts'
import { createRouter } from './router.ts'
import { trackActivity } from './track-activity.ts'
import { withPresence } from './with-presence.ts'

const ALICE = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'
const BOB = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e02'
const OPEN_SETTINGS = {
  show_online_status: true,
  status_audience: 'everyone',
  last_seen_audience: 'everyone',
  coarse_last_seen: false,
}
const NOW = Date.parse('2026-11-24T12:00:00Z')

const tokens = createTokens({ secret: 'a secret that is long enough for a test' })
const bearer = `Bearer ${await tokens.sign?.(ALICE)}`
const log = { warn: vi.fn(), error: vi.fn() }
const info = (userId: string): PresenceInfo => ({ userId, online_status: 'away', last_seen: null, show_status: true })

// The service is another room's; here it only has to remember what it was asked.
const verbs = {
  admit: vi.fn(async () => {}),
  isOn: () => true as const,
  noteUserActivity: vi.fn(async () => {}),
  readPresence: vi.fn(async (userId: string) => info(userId)),
  readPresences: vi.fn(async (ids: readonly string[]) => ({ presences: ids.map(info), versions: {}, stale: false })),
  chooseStatus: vi.fn(async (userId: string) => info(userId)),
  readSettings: vi.fn(async () => ({ visible: true, ...OPEN_LEVELS })),
  changeSettings: vi.fn(async (_userId: string, change: object) => ({ visible: true, ...OPEN_LEVELS, ...change })),
  previewPresence: vi.fn(async (userId: string) => info(userId)),
  listBlocks: vi.fn(async () => [{ userId: BOB, blockedAt: 0 }]),
  setBlock: vi.fn(async () => {}),
  listSessions: vi.fn(async () => []),
  signOutSession: vi.fn(async () => {}),
  signOutEverywhere: vi.fn(async () => 2),
  checkHealth: vi.fn(async () => ({ postgres: true, store: true })),
  findProviders: vi.fn(
    async (query: ProviderQuery): Promise<ProviderResult> => ({
      providers: [
        {
          userId: BOB,
          fields: { id: BOB, name: 'Bob' },
          presence: { ...info(BOB), online_status: 'offline' as const, last_seen: '2026-11-24T11:55:00.000Z' },
          position: { keys: [0, 1] as const, id: BOB },
          version: 1,
        },
      ],
      next: { shown: [shortName(BOB)], after: { keys: [0, query.limit] as const, id: BOB } },
      counts: { online: 1, away: 2, dnd: 3 },
      asOf: NOW,
      stale: false,
    }),
  ),
}

const door = {
  verbs: verbs as unknown as PresenceVerbs,
  options: { maxPayloadBytes: 1_024, edgeMaxAgeMs: 5_000 },
  identify: (request: express.Request) => bearerUser(request, tokens),
  codec: uuidIds,
  directoryIds: { city: (text: string) => /^\d+$/.test(text), service: (text: string) => /^\d+$/.test(text) },
  limits: {
    ...noLimits,
    events: { take: vi.fn(() => true) },
    reads: { take: vi.fn(() => true) },
    spend: vi.fn(async () => {}),
  },
  log,
  clock: vi.fn(() => NOW),
}

const app = express()
app.use(trackActivity(door))
app.use(createRouter(door))
let draining = false
const isOperator = standaloneOperator(door, 'operator')
const operations = { metricsText: async () => 'up 1\n', isOperator, isDraining: () => draining }
app.use(createOpsRouter({ verbs: door.verbs, ...operations, log }))
app.get(
  '/filtered',
  presenceFilter(
    log,
    () => ({}),
    () => true,
  ),
  (request, response) => {
    response.json((request as unknown as { presenceFilter: unknown }).presenceFilter)
  },
)
app.post('/host', express.text({ type: '*/*' }), (request, response) => void response.send(request.body))
const server = createServer(app)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

afterAll(() => void server.close())
beforeEach(() => vi.clearAllMocks())

/** One call as Alice, unless told otherwise. */
async function call(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      authorization: bearer,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '')
  const json = isJson ? (JSON.parse(text) as unknown) : undefined
  return { status: response.status, headers: response.headers, text, json }
}

describe('presence over HTTP', () => {
  test('is read singly and in batches, for this caller alone', async () => {
    const single = await call('GET', `/api/users/presence/${BOB.toUpperCase()}`)
    expect(single).toMatchObject({ status: 200, json: info(BOB) })
    expect(single.headers.get('cache-control')).toBe('private, no-store')
    expect(verbs.readPresence).toHaveBeenCalledWith(BOB, ALICE)
    const batch = await call('GET', `/api/users/presence?ids=${BOB},${ALICE}`)
    expect(batch.json).toEqual({ presences: [info(BOB), info(ALICE)], stale: false })
  })

  test('static paths win over user ids', async () => {
    expect((await call('GET', '/api/users/presence/settings')).json).toEqual(OPEN_SETTINGS)
    expect((await call('GET', '/api/users/presence/sessions')).json).toEqual({ sessions: [] })
    expect((await call('DELETE', '/api/users/presence/sessions')).json).toEqual({ ended: 2 })
    expect((await call('DELETE', `/api/users/presence/sessions/${BOB}`)).status).toBe(204)
    await vi.waitFor(() => expect(verbs.noteUserActivity).toHaveBeenCalledTimes(2))
  })

  test('R12 decisions are signs of use and count once; reads are none', async () => {
    await call('PATCH', '/api/users/presence/status', '{"status":"away","message":" lunch ","expires_in":60}')
    expect(verbs.chooseStatus).toHaveBeenCalledWith(ALICE, { status: 'away', message: 'lunch', expiresInS: 60 })
    await vi.waitFor(() => expect(verbs.noteUserActivity).toHaveBeenCalledWith(ALICE))
    await call('GET', `/api/users/presence/${BOB}`)
    expect(verbs.noteUserActivity).toHaveBeenCalledTimes(1)
  })

  test.each<[method: string, path: string, body: string | undefined, status: number, code: string]>([
    ['GET', '/api/users/presence/bob', undefined, 400, 'INVALID_ID'],
    ['GET', '/api/users/presence/%E0%A4%A', undefined, 400, 'INVALID_ID'],
    ['GET', '/api/users/presence', undefined, 400, 'INVALID_QUERY'],
    ['DELETE', '/api/users/presence/sessions/1', undefined, 400, 'INVALID_ID'],
    ['PATCH', '/api/users/presence/status', '{"status":', 400, 'INVALID_PAYLOAD'],
    ['PATCH', '/api/users/presence/status', '"away"', 400, 'INVALID_PAYLOAD'],
    ['PATCH', '/api/users/presence/status', undefined, 400, 'INVALID_PAYLOAD'],
    ['PATCH', '/api/users/presence/status', '{"status":"offline"}', 400, 'INVALID_STATUS'],
    ['PATCH', '/api/users/presence/status', `{"status":"${'x'.repeat(2_000)}"}`, 413, 'PAYLOAD_TOO_LARGE'],
    ['PATCH', '/api/users/presence/settings', '{}', 400, 'INVALID_PAYLOAD'],
    ['PATCH', '/api/users/presence/settings', '{"status_audience":"friends"}', 400, 'INVALID_PAYLOAD'],
    ['GET', '/api/users/presence/settings/preview', undefined, 400, 'INVALID_QUERY'],
    ['GET', '/api/users/presence/settings/preview?as=me', undefined, 400, 'INVALID_QUERY'],
    ['PUT', '/api/users/presence/blocks/bob', undefined, 400, 'INVALID_ID'],
    ['GET', '/api/providers?limit=0', undefined, 400, 'INVALID_QUERY'],
    ['GET', '/api/providers?city_id=Lyon', undefined, 400, 'INVALID_QUERY'],
    ['GET', '/api/providers?cursor=abc', undefined, 400, 'INVALID_CURSOR'],
    ['GET', '/filtered?last_seen=soon', undefined, 400, 'INVALID_QUERY'],
  ])('R52 %s %s with %s is refused: %i %s', async (method, path, body, status, code) => {
    const answer = await call(method, path, body)
    expect(answer).toMatchObject({ status, json: { status, code, retryable: false, type: `/docs/errors#${code}` } })
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(log.error).not.toHaveBeenCalled()
  })

  test('R52 asks for a token, and refuses a bad one', async () => {
    for (const authorization of ['', 'Bearer', 'Bearer x.y.z', 'Basic YTpi']) {
      const answer = await call('GET', `/api/users/presence/${BOB}`, undefined, { authorization })
      expect(answer).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
  })

  test('R53 says when there is too much, and when to come back', async () => {
    door.limits.events.take.mockReturnValueOnce(false)
    const answer = await call('PATCH', '/api/users/presence/settings', '{"show_online_status":false}')
    expect(answer).toMatchObject({ status: 429, json: { code: 'RATE_LIMITED', retryable: true } })
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(verbs.changeSettings).not.toHaveBeenCalled()
  })

  test('R36 settings change by any part of them, and what is left out is left out', async () => {
    const body = '{"status_audience":"contacts","coarse_last_seen":true}'
    const answer = await call('PATCH', '/api/users/presence/settings', body)
    expect(answer.json).toEqual({ ...OPEN_SETTINGS, status_audience: 'contacts', coarse_last_seen: true })
    expect(verbs.changeSettings).toHaveBeenLastCalledWith(ALICE, { status: 'contacts', coarse: true })
    const preview = await call('GET', '/api/users/presence/settings/preview?as=contact')
    expect(preview).toMatchObject({ status: 200, json: { userId: ALICE } })
    expect(verbs.previewPresence).toHaveBeenLastCalledWith(ALICE, 'contact')
  })

  test('R37 viewers are blocked and let see again by their id', async () => {
    expect((await call('PUT', `/api/users/presence/blocks/${BOB}`)).status).toBe(204)
    expect(verbs.setBlock).toHaveBeenLastCalledWith(ALICE, BOB, true)
    expect((await call('DELETE', `/api/users/presence/blocks/${BOB}`)).status).toBe(204)
    expect(verbs.setBlock).toHaveBeenLastCalledWith(ALICE, BOB, false)
    const { json } = await call('GET', '/api/users/presence/blocks')
    expect(json).toEqual({ blocks: [{ userId: BOB, blocked_at: '1970-01-01T00:00:00.000Z' }] })
  })

  test('R32 says that hiding holds but is not stored yet', async () => {
    verbs.changeSettings.mockRejectedValueOnce(new PresenceError('NOT_DURABLE', 'It holds.', { retryable: true }))
    const answer = await call('PATCH', '/api/users/presence/settings', '{"show_online_status":false}')
    expect(answer).toMatchObject({ status: 503, json: { code: 'NOT_DURABLE', retryable: true } })
  })

  test('R50 says when to come back, and not the same to everybody', async () => {
    const seconds = new Set<number>()
    for (let i = 0; i < 60; i += 1) {
      verbs.findProviders.mockRejectedValueOnce(new PresenceError('STORE_UNAVAILABLE', 'Away.', { retryable: true }))
      const answer = await call('GET', '/api/providers')
      expect(answer).toMatchObject({ status: 503, json: { code: 'STORE_UNAVAILABLE', retryable: true } })
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('surrogate-key')).toBeNull()
      seconds.add(Number(answer.headers.get('retry-after')))
    }
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(2)
    expect(Math.max(...seconds)).toBeLessThanOrEqual(8)
    expect(seconds.size).toBeGreaterThan(3)
  })

  test('R52 says nothing of a bug, and logs it', async () => {
    verbs.readPresence.mockRejectedValueOnce(new Error('relation "users" does not exist'))
    const answer = await call('GET', `/api/users/presence/${BOB}`)
    expect(answer).toMatchObject({ status: 500, json: { code: 'INTERNAL' } })
    expect(answer.text).not.toContain('relation')
    expect(log.error).toHaveBeenCalledTimes(1)
  })
})

describe('the search over HTTP', () => {
  test('R31 answers without a token, or with a bad one, and can be compared by its tag', async () => {
    const answer = await call('GET', '/api/providers?city_id=3&online_status=offline', undefined, {
      authorization: 'x',
    })
    expect(answer.json).toMatchObject({
      providers: [{ id: BOB, name: 'Bob', is_online: false, last_seen_text: 'last seen 5 minutes ago' }],
      counts: { online: 1, away: 2, dnd: 3 },
      as_of: '2026-11-24T12:00:00.000Z',
      stale: false,
    })
    expect(answer.headers.get('cache-control')).toBe(
      'public, max-age=0, s-maxage=1, stale-while-revalidate=3, stale-if-error=3',
    )
    expect(answer.headers.get('vary')).toBeNull()
    expect(answer.headers.get('surrogate-key')).toBe(`providers city-3 service-all provider-${shortName(BOB)}`)
    const tag = answer.headers.get('etag') ?? ''
    // `fetch` sends no-cache by itself with a condition of one's own, which would switch the condition off.
    const headers = { 'if-none-match': tag, 'cache-control': 'max-age=0' }
    const same = await call('GET', '/api/providers?city_id=3&online_status=offline', undefined, headers)
    expect(same).toMatchObject({ status: 304, text: '' })
    for (const name of ['etag', 'cache-control', 'surrogate-key']) {
      expect(same.headers.get(name), name).toBe(answer.headers.get(name))
    }
    const head = await call('HEAD', '/api/providers?city_id=3&online_status=offline')
    expect(head).toMatchObject({ status: 200, text: '' })
    expect(head.headers.get('etag')).toBe(tag)
  })

  test('R31 its tag moves with the words for times, and with nothing that is not in the answer', async () => {
    const tag = async () => (await call('GET', '/api/providers')).headers.get('etag')
    const first = await tag()
    door.clock.mockReturnValue(NOW + 59_000)
    expect(await tag()).toBe(first)
    door.clock.mockReturnValue(NOW + 60_000)
    expect(await tag()).not.toBe(first)
    door.clock.mockReturnValue(NOW)
    expect(await tag()).toBe(first)
  })

  test('R50 says how old a remembered answer is', async () => {
    const found = await verbs.findProviders({ limit: 20 } as ProviderQuery)
    const tags = new Set<string | null>()
    for (const ageMs of [61_999, 62_000]) {
      verbs.findProviders.mockResolvedValueOnce({ ...found, stale: true, ageMs })
      const answer = await call('GET', '/api/providers')
      expect(answer).toMatchObject({ status: 200, json: { stale: true } })
      expect(answer.headers.get('age')).toBe(String(Math.floor(ageMs / 1_000)))
      tags.add(answer.headers.get('etag'))
    }
    expect(tags.size).toBe(2)
  })

  test.each([
    [0, 'no-cache'],
    [2_000, 'public, max-age=0, s-maxage=1'],
    [3_999, 'public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=1'],
  ])('R32 is given out by caches for as long as edgeMaxAgeMs says: %i', (ms, expected) => {
    expect(cacheControl(ms)).toBe(expected)
  })

  test('its cursor leads to the next page', async () => {
    const { next_cursor } = (await call('GET', '/api/providers?limit=7')).json as { next_cursor: string }
    await call('GET', `/api/providers?limit=7&cursor=${next_cursor}`)
    expect(verbs.findProviders).toHaveBeenLastCalledWith(
      expect.objectContaining({ place: { shown: [shortName(BOB)], after: { keys: [0, 7], id: BOB } } }),
    )
  })
})

describe("in a host's app", () => {
  test('other paths keep their body, and their posts count as activity', async () => {
    expect(await call('POST', '/host', '{"broken":')).toMatchObject({ status: 200, text: '{"broken":' })
    await vi.waitFor(() => expect(verbs.noteUserActivity).toHaveBeenCalledTimes(1))
  })

  test('R12 activity that cannot be noted does not touch the request', async () => {
    verbs.noteUserActivity.mockRejectedValueOnce(new Error('down'))
    expect((await call('POST', '/host', 'x')).status).toBe(200)
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalledTimes(1))
  })

  test('the filter reads its own parameters and no others', async () => {
    expect((await call('GET', '/filtered?page=2')).json).toMatchObject({ active: false, statuses: null })
    expect((await call('GET', '/filtered?online_status=online&active_within=1h')).json).toEqual({
      active: true,
      statuses: ['online'],
      lastSeenWithinMs: null,
      activeWithinMs: 3_600_000,
    })
  })

  test('R30 rows get what the viewer may know, and unknown users look like ordinary ones', async () => {
    verbs.readPresences.mockResolvedValueOnce({ presences: [info(BOB)], versions: {}, stale: false })
    const instance = { toJSON: () => ({ user_id: BOB, name: 'Bob' }) }
    const rows = await withPresence(door, [instance, { id: ALICE, name: 'Alice' }, { id: 'x' }], null)
    expect(verbs.readPresences).toHaveBeenCalledWith([BOB, ALICE], null)
    expect(rows).toMatchObject([
      { name: 'Bob', presence: info(BOB), is_online: false, last_seen_text: 'away' },
      { name: 'Alice', presence: { online_status: 'offline', last_seen: null, show_status: true } },
      { id: 'x', presence: { userId: 'x' }, last_seen_text: 'offline' },
    ])
  })
})

describe('for operators', () => {
  test('says whether it is alive, ready, and which part is not', async () => {
    expect((await call('GET', '/healthz')).json).toEqual({ status: 'ok' })
    const ready = await call('GET', '/readyz')
    expect(ready).toMatchObject({ status: 200 })
    expect(ready.json).toEqual({ status: 'ok', postgres: true, store: true })
    verbs.checkHealth.mockResolvedValueOnce({ postgres: false, store: true })
    const answer = await call('GET', '/readyz')
    expect(answer).toMatchObject({ status: 503, json: { status: 'not ready', postgres: false, store: true } })
  })

  test('R54 is not ready while it drains, though everything answers', async () => {
    draining = true
    const answer = await call('GET', '/readyz')
    draining = false
    expect(answer.status).toBe(503)
    expect(answer.json).toEqual({ status: 'not ready', postgres: true, store: true, draining: true })
  })

  test('measurements need the operations token, and that of a user will not do', async () => {
    expect((await call('GET', '/metrics', undefined, { authorization: '' })).status).toBe(401)
    expect((await call('GET', '/metrics')).status).toBe(403)
    const answer = await call('GET', '/metrics', undefined, { authorization: 'Bearer operator' })
    expect(answer).toMatchObject({ status: 200, text: 'up 1\n' })
  })

  test('describes itself', async () => {
    expect((await call('GET', '/openapi.json')).json).toMatchObject({ openapi: '3.1.0' })
  })
})

test('R52 every code has a status and a title', () => {
  expect(Object.keys(PROBLEMS).toSorted()).toEqual([...PRESENCE_ERROR_CODES].toSorted())
})
