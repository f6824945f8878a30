import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QueryTypes, Sequelize } from 'sequelize'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../demo/server/embedded-postgres.ts'
import { seedMember } from '../../demo/server/seed-people.ts'
import { createTokens } from '../../src/gateway/token.ts'
import { type RunningServer, startServer } from '../../src/server.ts'
import { readSettings } from '../../src/settings.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { startCuttableProxy } from '../support/cuttable-proxy.ts'
import { eventually, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase } from '../support/postgres.ts'

// A PostgreSQL of its own, because this test takes it down.
let home: string
let postgres: EmbeddedPostgres
let server: RunningServer

const ana = seedMember('client', 0).id
const ben = seedMember('client', 1).id
const tokens = createTokens({ secret: 'secret' })

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'porchlight-outage-'))
  postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: false })
  const env = { DATABASE_URL: postgres.url, PORT: '0', HOST: '127.0.0.1', JWT_SECRET: 'secret', DEMO: 'on' }
  const settings = readSettings({ ...env, DEMO_LIFE: 'off' })
  server = await startServer({ ...settings, databaseUrl: postgres.url }, createLogger('silent'))
})
afterAll(async () => {
  await server?.stop()
  await postgres?.stop()
  await rm(home, { recursive: true, force: true })
})

const patch = async (userId: string, path: string, body: object) => {
  const response = await fetch(`${server.url}/api/users/presence/${path}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${await tokens.sign?.(userId)}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: JSON.parse(await response.text()),
  }
}

const search = async () => {
  const response = await fetch(`${server.url}/api/providers?limit=3`)
  const { providers, stale } = (await response.json()) as { providers: { id: string }[]; stale: boolean }
  return { status: response.status, age: response.headers.get('age'), ids: providers.map(({ id }) => id), stale }
}

const arrive = async (userId: string) => {
  const auth = { token: await tokens.sign?.(userId) }
  const socket = io(server.url, { auth, transports: ['websocket'], forceNew: true, reconnection: false })
  await new Promise((resolve) => socket.once('selfPresence', resolve))
  return socket
}

describe('PostgreSQL goes away and comes back', () => {
  test('R20 R32 R50 hiding holds live and is stored later; other decisions wait; presence goes on', async () => {
    const watcher = await arrive(ana)
    const hider = await arrive(ben)
    await watcher.emitWithAck('watch', { users: [ben] })
    const found = await search()
    expect(found).toMatchObject({ status: 200, stale: false, age: null })
    const port = Number(new URL(postgres.url).port)
    await postgres.stop()
    expect(await search()).toEqual({ ...found, stale: true, age: expect.stringMatching(/^\d+$/) })

    const refused = await patch(ana, 'status', { status: 'away' })
    expect(refused).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE', retryable: true } })
    expect(Number(refused.retryAfter)).toBeGreaterThan(0)
    const own = await fetch(`${server.url}/api/users/presence/${ana}`, {
      headers: { authorization: `Bearer ${await tokens.sign?.(ana)}` },
    })
    expect(await own.json()).toMatchObject({ online_status: 'online' })

    const heard = new Promise((resolve) => watcher.once('userOffline', resolve))
    const hidden = await patch(ben, 'settings', { show_online_status: false })
    expect(hidden).toMatchObject({ status: 503, body: { code: 'NOT_DURABLE', retryable: true } })
    expect(await heard).toMatchObject({ userId: ben, status: 'offline' })
    const shown = await patch(ben, 'settings', { show_online_status: true })
    expect(shown).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
    const ready = await fetch(`${server.url}/readyz`)
    expect(ready.status).toBe(503)

    postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: false, port })
    const database = new Sequelize(postgres.url, { logging: false })
    await eventually(
      () =>
        database.query<{ show_online_status: boolean }>('select * from users where id = $1', {
          bind: [ben],
          type: QueryTypes.SELECT,
        }),
      ([row]) => row?.show_online_status === false,
    )
    expect(await patch(ana, 'status', { status: 'away' })).toMatchObject({ status: 200 })
    expect(await search()).toEqual(found)
    await database.close()
    watcher.disconnect()
    hider.disconnect()
  })
})

const TIMEOUT_MS = 300

describe('PostgreSQL hangs', () => {
  test('R50 decisions fail in time, then at once, without holding up presence, and are taken again afterwards', async () => {
    const database = await createTestDatabase({ marketplace: true })
    const address = new URL(database.url)
    const way = await startCuttableProxy(Number(address.port))
    address.port = String(way.port)
    const limits = {
      PRESENCE_DATABASE_TIMEOUT_MS: String(TIMEOUT_MS),
      PRESENCE_BREAKER_FAILURES: '3',
      LOG_LEVEL: 'silent',
    }
    const world = { database: { ...database, url: address.href }, clock: () => Date.now() }
    const node = await startMarketplace({ ...limits, PRESENCE_BREAKER_COOLDOWN_MS: '1000' }, world)
    const [ada, viewer] = [await node.person('provider'), await node.person('client')]
    const phone = await node.connect(ada)
    const watcher = await node.connect(viewer)
    await watcher.ask('watch', { users: [ada.id] })
    const choose = async (status: string) => {
      const from = performance.now()
      const answer = await node.http('/api/users/presence/status', { method: 'PATCH', as: ada, json: { status } })
      return { ...answer, tookMs: performance.now() - from }
    }
    const isMeasured = async (line: string) => String((await node.http('/metrics')).body).includes(`${line}\n`)

    way.hang()
    const refused = await choose('dnd')
    expect(refused).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE', retryable: true } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await eventually(() => isMeasured('porchlight_breaker_open{service="postgres"} 1'), Boolean)
    const later = await Promise.all(Array.from({ length: 10 }, () => choose('dnd')))
    expect(later.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 503))
    // One of them may be the one that tries again.
    const times = later.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)
    expect(times[5]).toBeLessThan(TIMEOUT_MS)
    expect(await isMeasured('porchlight_postgres_up 0')).toBe(true)
    expect(await node.http('/readyz')).toMatchObject({ status: 503, body: { postgres: false, store: true } })
    phone.leave()
    await watcher.hears('userOffline', { userId: ada.id })

    way.mend()
    await eventually(
      () => choose('away'),
      ({ status }) => status === 200,
    )
    expect(await isMeasured('porchlight_breaker_open{service="postgres"} 0')).toBe(true)
    expect(await node.http('/readyz')).toMatchObject({ status: 200, body: { postgres: true } })
    await node.stop()
    await way.stop()
    await database.drop()
  })
})
