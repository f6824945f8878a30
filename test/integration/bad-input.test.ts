import { SignJWT } from 'jose'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../src/settings.ts'
import { startServer } from '../../src/server.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type Client, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'

let market: Marketplace
let ana: Person
let client: Client

beforeAll(async () => {
  market = await startMarketplace({ PRESENCE_RATE_LIMIT: 'off' })
  ana = await market.person('client')
  client = await market.connect(ana)
})
afterAll(() => market.stop())

const forged = (sort: string, keys: readonly number[]): string => {
  const position = Buffer.from(JSON.stringify([...keys, ana.id])).toString('base64url')
  return `${sort.charAt(0)}abcdefgh.${position}`
}

/** The server still answers, and still says the same of its caller. */
const stillWell = async () => {
  const own = await market.http(`/api/users/presence/${ana.id}`, { as: ana })
  expect(own).toMatchObject({ status: 200, body: { userId: ana.id, show_status: true } })
}

const signed = (claims: object, secret = 'secret of this test', alg = 'HS256', expires = '1h') =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret))

describe('R52 over HTTP', () => {
  test.each([
    ['not a UUID', '/api/users/presence/42', 400, 'INVALID_ID'],
    ['an unknown user', `/api/users/presence/${NOBODY}`, 404, 'USER_NOT_FOUND'],
    ['a batch without ids', '/api/users/presence?ids=', 400, undefined],
    ['a batch with a bad id', `/api/users/presence?ids=${NOBODY},x`, 400, 'INVALID_ID'],
    [
      'a batch of 201',
      `/api/users/presence?ids=${Array(201)
        .fill(0)
        .map((_, i) => NOBODY.slice(0, -4) + String(1000 + i))
        .join(',')}`,
      400,
      'LIMIT_EXCEEDED',
    ],
    ['an unknown status filter', '/api/providers?online_status=busy', 400, 'INVALID_QUERY'],
    ['last_seen=abc', '/api/providers?last_seen=abc', 400, 'INVALID_QUERY'],
    ['active_within=91d', '/api/providers?active_within=91d', 400, 'INVALID_QUERY'],
    ['limit=-1', '/api/providers?limit=-1', 400, 'INVALID_QUERY'],
    ['limit=101', '/api/providers?limit=101', 400, 'INVALID_QUERY'],
    ['an unknown sort', '/api/providers?sort=name', 400, 'INVALID_QUERY'],
    ['a city that is no number', '/api/providers?city_id=lyon', 400, 'INVALID_QUERY'],
    ['a forged cursor', '/api/providers?cursor=eyJzIjoicHJpY2UifQ', 400, 'INVALID_CURSOR'],
    ['a cursor that is no cursor', '/api/providers?cursor=%00%FF', 400, undefined],
    ['nothing there', '/api/nothing', 404, 'NOT_FOUND'],
  ])('%s is refused', async (_name, path, status, code) => {
    const answer = await market.http(path, { as: ana })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.body).toMatchObject({ status, retryable: expect.any(Boolean), detail: expect.any(String) })
    if (code !== undefined) expect(answer.body.code).toBe(code)
    await stillWell()
  })

  test('a cursor of enormous numbers is a place like any other, unless no list has such a place', async () => {
    for (const [sort, keys, status] of [
      ['rating', [1e308, 3], 200],
      ['rating', [-1e308, 0], 200],
      ['price', [0.1, 0], 200],
      ['availability', [0, 8.64e15], 200],
      ['availability', [0, 1e300], 400],
      ['availability', [0, -8.64e15], 400],
      ['availability', [0, 0.5], 400],
      ['availability', [0.5, 0], 400],
      ['rating', [1, 1e308], 400],
    ] as const) {
      const answer = await market.http(`/api/providers?sort=${sort}&cursor=${forged(sort, keys)}`)
      expect([sort, keys, answer.status]).toEqual([sort, keys, status])
    }
    await stillWell()
  })

  test.each<[name: string, body: unknown, code: string]>([
    ['a status outside the enum', { status: 'busy' }, 'INVALID_STATUS'],
    ['offline as a choice', { status: 'offline' }, 'INVALID_STATUS'],
    ['no status', { message: 'hello' }, 'INVALID_STATUS'],
    ['a 101-character message', { status: 'away', message: 'x'.repeat(101) }, 'INVALID_MESSAGE'],
    ['101 emoji', { status: 'away', message: '🪔'.repeat(101) }, 'INVALID_MESSAGE'],
    ['a control character', { status: 'away', message: 'a\u0007b' }, 'INVALID_MESSAGE'],
    ['a bidi override', { status: 'away', message: 'a\u202Eb' }, 'INVALID_MESSAGE'],
    ['a message that is no text', { status: 'away', message: 7 }, 'INVALID_MESSAGE'],
    ['expires_in of zero', { status: 'away', expires_in: 0 }, 'INVALID_EXPIRY'],
    ['a negative expires_in', { status: 'away', expires_in: -5 }, 'INVALID_EXPIRY'],
    ['an enormous expires_in', { status: 'away', expires_in: 1e12 }, 'INVALID_EXPIRY'],
    ['half a second', { status: 'away', expires_in: 0.5 }, 'INVALID_EXPIRY'],
    ['a list', [], 'INVALID_PAYLOAD'],
  ])('%s as a choice is refused, and nothing is half-applied', async (_name, json, code) => {
    const answer = await market.http('/api/users/presence/status', { method: 'PATCH', as: ana, json })
    expect(answer.body.code).toBe(code)
    const { body } = await market.http(`/api/users/presence/${ana.id}`, { as: ana })
    expect(body.online_status).toBe('online')
    expect(body).not.toHaveProperty('custom_message')
  })

  test.each([
    ['100 emoji', '🪔'.repeat(100)],
    ['100 combining characters', 'e\u0301'.repeat(50)],
  ])('R15 %s are within the limit', async (_name, message) => {
    const answer = await market.http('/api/users/presence/status', {
      method: 'PATCH',
      as: ana,
      json: { status: 'online', message },
    })
    expect(answer).toMatchObject({ status: 200, body: { custom_message: message } })
    await market.http('/api/users/presence/status', {
      method: 'PATCH',
      as: ana,
      json: { status: 'online', message: '' },
    })
  })

  test('broken JSON, a wrong setting and a 10 MB body are refused', async () => {
    const init = { method: 'PATCH', as: ana, headers: { 'content-type': 'application/json' } }
    const broken = await market.http('/api/users/presence/status', { ...init, body: '{"status":' })
    expect(broken).toMatchObject({ status: 400, body: { code: 'INVALID_PAYLOAD' } })
    const wrong = await market.http('/api/users/presence/settings', { ...init, body: '{"show_online_status":"no"}' })
    expect(wrong).toMatchObject({ status: 400, body: { code: 'INVALID_PAYLOAD' } })
    const large = await market.http('/api/users/presence/status', { ...init, body: `"${'x'.repeat(10_000_000)}"` })
    expect(large).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } })
    await stillWell()
  })

  test('no token, an expired one, a forged one and alg none are nobody', async () => {
    const none = `${btoa('{"alg":"none"}')}.${btoa(`{"sub":"${ana.id}"}`)}.`.replaceAll('=', '')
    const bad = [
      undefined,
      await signed({ sub: ana.id }, 'another secret'),
      none,
      'rubbish',
      await signed({ sub: '42' }),
    ]
    bad.push(await signed({ sub: ana.id }, undefined, 'HS256', '-1m'), await signed({}))
    for (const token of bad) {
      const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const answer = await market.http(`/api/users/presence/${ana.id}`, { headers })
      expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED', retryable: false } })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(await handshake(token)).toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })

  function handshake(token: string | undefined): Promise<unknown> {
    const socket = io(market.url, { auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false })
    return new Promise((resolve) => {
      socket.once('connect', () => resolve('connected'))
      socket.once('connect_error', (error) => resolve((error as Error & { data?: unknown }).data))
    }).finally(() => socket.disconnect())
  }
})

describe('R52 over the socket', () => {
  test.each<[event: string, payload: unknown, code: string]>([
    ['setStatus', null, 'INVALID_PAYLOAD'],
    ['setStatus', 'away', 'INVALID_PAYLOAD'],
    ['setStatus', { status: 'offline' }, 'INVALID_STATUS'],
    ['setStatus', { status: 'away', message: 'a\u202Eb' }, 'INVALID_MESSAGE'],
    ['setStatus', { status: 'away', expires_in: 'soon' }, 'INVALID_EXPIRY'],
    ['setStatus', { status: 'away', message: 'x'.repeat(70_000) }, 'PAYLOAD_TOO_LARGE'],
    ['watch', {}, 'INVALID_PAYLOAD'],
    ['watch', { users: 'all' }, 'INVALID_PAYLOAD'],
    ['watch', { users: [42] }, 'INVALID_PAYLOAD'],
    ['watch', { users: ['not-a-uuid'] }, 'INVALID_ID'],
    ['watch', { users: Array.from({ length: 10_000 }, () => NOBODY) }, 'LIMIT_EXCEEDED'],
    ['watch', { users: [], known: { [NOBODY]: 'now' } }, 'INVALID_PAYLOAD'],
    ['unwatch', 7, 'INVALID_PAYLOAD'],
  ])('%s with a bad payload is refused: case %#', async (event, payload, code) => {
    expect(await client.ask(event, payload)).toMatchObject({
      ok: false,
      error: { code, message: expect.any(String), retryable: false },
    })
  })

  test('R53 events without an ack, unknown events and odd arguments are harmless', async () => {
    for (const payload of [undefined, null, 7, 'x', [], {}, { users: null }]) {
      for (const event of ['setStatus', 'watch', 'unwatch', 'activity', 'nonsense', '__proto__']) {
        client.socket.emit(event, payload)
        client.socket.emit(event, payload, payload, payload)
      }
    }
    expect(await client.ask('unwatch', {})).toEqual({ ok: true })
    await stillWell()
  })

  test('R53 a flood is refused with a sentence, and the connection lives', async () => {
    const strict = await startMarketplace({ PRESENCE_EVENTS_PER_SECOND: '1', PRESENCE_EVENTS_BURST: '3' })
    const eva = await strict.person('client')
    const flooding = await strict.connect(eva)
    const replies = await Promise.all(Array.from({ length: 6 }, () => flooding.ask('watch', { users: [] })))
    expect(replies.filter(({ ok }) => ok)).toHaveLength(3)
    expect(replies.at(-1)).toMatchObject({ ok: false, error: { code: 'RATE_LIMITED', retryable: true } })
    expect(flooding.socket.connected).toBe(true)
    await strict.stop()
  })

  test('R2 a connection that goes while it is still coming leaves nobody behind', async () => {
    const bea = await market.person('client', 3)
    for (let round = 0; round < 20; round += 1) {
      const socket = io(market.url, {
        auth: { token: bea.token },
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
      })
      await new Promise<void>((resolve) => {
        socket.once('connect', () => {
          socket.disconnect()
          resolve()
        })
      })
    }
    const last = await market.connect(bea)
    const { body } = await market.http('/api/users/presence/sessions', { as: bea })
    expect(body.sessions).toHaveLength(1)
    last.leave()
  })
})

describe('R52 at start', () => {
  const settingsFor = (env: Record<string, string>) => {
    const settings = readSettings({ JWT_SECRET: 'x', HOST: '127.0.0.1', DEMO: 'off', ...env })
    return { ...settings, databaseUrl: settings.databaseUrl ?? '' }
  }

  test('a port in use and an unreachable database are said in a sentence', async () => {
    const unreachable = settingsFor({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none', PORT: '0' })
    await expect(startServer(unreachable, createLogger('silent'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('DATABASE_URL'),
    })
    const other = await startMarketplace()
    await other.server.stop()
    const taken = settingsFor({ DATABASE_URL: other.database.url, PORT: new URL(market.url).port })
    await expect(startServer(taken, createLogger('silent'))).rejects.toMatchObject({
      message: expect.stringContaining('is in use'),
    })
    await other.database.drop()
  })

  test('R8 a second process on the same database is refused in a sentence', async () => {
    const second = settingsFor({ DATABASE_URL: market.database.url, PORT: '0' })
    await expect(startServer(second, createLogger('silent'))).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
  })

  test('all wrong settings are listed at once', () => {
    const env = { PORT: 'x', DATABASE_URL: 'mysql://h/d', LOG_LEVEL: 'loud', DEMO: 'maybe', PRESENCE_GRACE_MS: '-1' }
    expect(() => readSettings(env)).toThrow(/DATABASE_URL[\s\S]*DEMO[\s\S]*PORT|PORT[\s\S]*DATABASE_URL/)
    try {
      readSettings(env)
    } catch (error) {
      for (const name of ['PORT', 'DATABASE_URL', 'LOG_LEVEL', 'DEMO', 'graceMs', 'JWT_SECRET']) {
        expect((error as Error).message).toContain(name)
      }
    }
  })
})
