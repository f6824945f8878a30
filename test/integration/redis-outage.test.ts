import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { QueryTypes } from 'sequelize'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

const STALE_AFTER_MS = 4_000

interface Outage {
  begin(redis: TestRedis): Promise<void>
  end(redis: TestRedis): Promise<void>
}

const KINDS: readonly (readonly [string, Outage])[] = [
  [
    'is killed, and comes back having lost everything',
    { begin: (redis) => redis.kill('SIGKILL'), end: (redis) => redis.restart() },
  ],
  ['hangs, and goes on', { begin: (redis) => redis.kill('SIGSTOP'), end: (redis) => redis.kill('SIGCONT') }],
]

let redis: TestRedis
let database: TestDatabase
let a: Marketplace
let b: Marketplace

beforeEach(async () => {
  redis = await startRedis()
  database = await createTestDatabase({ marketplace: true })
  const world = { database, clock: () => Date.now() }
  const times = { PRESENCE_NODE_LEASE_MS: '1500', PRESENCE_STALE_AFTER_MS: String(STALE_AFTER_MS) }
  const breaker = { PRESENCE_BREAKER_FAILURES: '3', PRESENCE_BREAKER_COOLDOWN_MS: '100' }
  const store = { REDIS_URL: redis.url, LOG_LEVEL: 'silent' }
  a = await startMarketplace({ ...store, ...times, ...breaker }, world)
  b = await startMarketplace({ ...store, ...times, ...breaker }, world)
})
afterEach(async () => {
  await redis.kill('SIGCONT')
  await Promise.all([a, b].map((node) => node?.stop()))
  await redis.stop()
  await database.drop()
})

const presenceOf = (node: Marketplace, { id }: Person, as: Person) => node.http(`/api/users/presence/${id}`, { as })

async function metric(node: Marketplace, name: string): Promise<number> {
  const { body } = await node.http('/metrics')
  const line = String(body)
    .split('\n')
    .find((text) => text.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

const statusRow = async ({ id }: Person) =>
  (
    await database.sequelize.query<{ online_status: string }>('select online_status from users where id = $1', {
      bind: [id],
      type: QueryTypes.SELECT,
    })
  )[0]?.online_status

const heardOf = ({ heard }: Client, { id }: Person) =>
  heard.filter(([, payload]) => payload?.['userId'] === id).map(([event]) => event)

describe.each(KINDS)('Redis %s', (_what, outage) => {
  test('R45 R51 what is shown is stale, then unknown, never offline; decisions wait; afterwards all is fresh', async () => {
    const [ada, carl, bob] = [
      await a.person('provider', 0),
      await a.person('provider', 1),
      await a.person('provider', 2),
    ]
    const [viewer, latecomer] = [await a.person('client', 0), await a.person('client', 1)]
    const phones = [await a.connect(ada), await a.connect(carl)]
    const watcher = await b.connect(viewer)
    const late = await b.connect(latecomer)
    await watcher.ask('watch', { users: [ada.id] })
    await eventually(
      () => Promise.all([ada, carl].map(statusRow)),
      (rows) => rows.every((status) => status === 'online'),
    )
    expect((await presenceOf(b, ada, viewer)).body).not.toHaveProperty('stale')

    await outage.begin(redis)
    await Promise.all([...phones, watcher, late].map((client) => client.hears('stale')))
    // Whom somebody here watches, who is only in PostgreSQL as present, and who was not here.
    const answers = await Promise.all([ada, carl, bob].map((person) => presenceOf(b, person, viewer)))
    expect(answers.map(({ status, body }) => [status, body.online_status, body.stale])).toEqual([
      [200, 'online', true],
      [200, 'online', true],
      [200, 'offline', true],
    ])
    expect(await watcher.ask('watch', { users: [ada.id, carl.id] })).toMatchObject({
      ok: true,
      stale: true,
      presences: [
        { userId: ada.id, online_status: 'online', stale: true },
        { userId: carl.id, online_status: 'online', stale: true },
      ],
    })
    await decisionsWait(a, ada)
    const notReady = await b.http('/readyz')
    expect(notReady).toMatchObject({ status: 503, body: { status: 'not ready', postgres: true, store: false } })
    expect(await metric(b, 'porchlight_store_up')).toBe(0)
    expect(await metric(b, 'porchlight_store_lost_total')).toBe(1)
    expect(await metric(b, 'porchlight_breaker_open{service="redis"}')).toBe(1)

    const unknown = await eventually(
      () => presenceOf(b, ada, viewer),
      ({ status }) => status !== 200,
    )
    expect(unknown).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE', retryable: true } })
    const nothing = { ok: true, presences: [], versions: {}, stale: true }
    expect(await late.ask('watch', { users: [ada.id, carl.id] })).toEqual(nothing)
    for (const client of [...phones, watcher, late]) expect(client.socket.connected).toBe(true)

    await outage.end(redis)
    await Promise.all([...phones, watcher, late].map((client) => client.hears('resync')))
    await allIsFresh(ada, carl, viewer)
    for (const client of [watcher, late]) {
      const again = await client.ask('watch', { users: [ada.id, carl.id] })
      expect(again).toMatchObject({ ok: true, stale: false })
      const presences = again['presences'] as { online_status: string; stale?: boolean }[]
      expect(presences.map(({ online_status, stale }) => [online_status, stale])).toEqual([
        ['online', undefined],
        ['online', undefined],
      ])
    }
    for (const client of [watcher, late]) {
      expect([...heardOf(client, ada), ...heardOf(client, carl)]).not.toContain('userOffline')
    }
    expect(await Promise.all([ada, carl].map(statusRow))).toEqual(['online', 'online'])

    // From here on everything is heard as always, also by who began to watch while nothing was known.
    const chosen = await a.http('/api/users/presence/status', { method: 'PATCH', as: ada, json: { status: 'dnd' } })
    expect(chosen.status).toBe(200)
    for (const client of [watcher, late]) await client.hears('presenceUpdate', { userId: ada.id, status: 'dnd' })
    phones[1]?.leave()
    for (const client of [watcher, late]) await client.hears('userOffline', { userId: carl.id })
  })
})

async function decisionsWait(node: Marketplace, as: Person): Promise<void> {
  const choice = { method: 'PATCH', as, json: { status: 'dnd' } }
  const hiding = { method: 'PATCH', as, json: { show_online_status: false } }
  for (const answer of [
    await node.http('/api/users/presence/status', choice),
    await node.http('/api/users/presence/settings', hiding),
  ]) {
    expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE', retryable: true } })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
}

async function allIsFresh(ada: Person, carl: Person, viewer: Person): Promise<void> {
  for (const node of [a, b]) {
    for (const person of [ada, carl]) {
      const { body } = await eventually(
        () => presenceOf(node, person, viewer),
        ({ status, body: { stale } }) => status === 200 && stale === undefined,
      )
      expect(body.online_status).toBe('online')
    }
    const ready = await eventually(
      () => node.http('/readyz'),
      ({ status }) => status === 200,
    )
    expect(ready.body).toEqual({ status: 'ok', postgres: true, store: true })
    expect(await metric(node, 'porchlight_store_up')).toBe(1)
  }
}
