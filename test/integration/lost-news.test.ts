import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, eventually, type Marketplace, startMarketplace } from '../support/marketplace.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

describe('news that does not arrive', () => {
  let redis: TestRedis
  /** Between Redis and node B. */
  let way: CuttableProxy
  let database: TestDatabase
  let a: Marketplace
  let b: Marketplace

  beforeAll(async () => {
    redis = await startRedis()
    database = await createTestDatabase({ marketplace: true })
    const world = { database, clock: Date.now }
    way = await startCuttableProxy(redis.port)
    const env = { PRESENCE_RECONCILE_MS: '500' }
    a = await startMarketplace({ ...env, REDIS_URL: redis.url }, world)
    b = await startMarketplace({ ...env, REDIS_URL: `redis://127.0.0.1:${way.port}` }, world)
  })
  afterAll(async () => {
    await Promise.all([a, b].map((node) => node.stop()))
    await Promise.all([database.drop(), way.stop().then(() => redis.stop())])
  })

  async function ask<Reply>(...args: string[]): Promise<Reply> {
    const client = await createClient({ url: redis.url, RESP: 2 }).connect()
    return client.sendCommand(args).finally(() => client.destroy()) as Promise<Reply>
  }

  const metric = async (node: Marketplace, name: string): Promise<number> =>
    Number(new RegExp(`^porchlight_${name} (\\d+)`, 'm').exec((await node.http('/metrics')).body)?.[1] ?? 0)

  const shown = ({ heard }: Client, userId: string) =>
    heard.findLast(([event, payload]) => event === 'presenceUpdate' && payload['userId'] === userId)?.[1]['status']

  test('R46 what happened while nobody could hear reaches every watcher within reconcileMs', async () => {
    const people = await Promise.all(Array.from({ length: 40 }, (_, n) => a.person('provider', n + 1)))
    const watcher = await b.connect(await b.person('client', 0))
    await watcher.ask('watch', { users: people.map(({ id }) => id) })
    const gapsBefore = await metric(b, 'log_gaps_total')
    way.cut()
    const clients = await Promise.all(people.map((person) => a.connect(person)))
    way.mend()
    await eventually(
      async () => people.map(({ id }) => shown(watcher, id)),
      (statuses) => statuses.every((status) => status === 'online'),
    )
    expect(await metric(b, 'log_gaps_total')).toBeGreaterThan(gapsBefore)
    for (const { id } of people) {
      const events = watcher.heard.filter(([, payload]) => payload?.['userId'] === id).map(([event]) => event)
      expect(events).toEqual(['userOnline', 'presenceUpdate'])
    }
    for (const client of clients) client.leave()
  })

  test('R46 a session that the store lost is stated anew, one that it invented ends', async () => {
    const [ada, ben, viewer] = await Promise.all([60, 61, 62].map((n) => a.person('provider', n)))
    if (!ada || !ben || !viewer) throw new Error('too few people')
    const watcher = await b.connect(viewer)
    await watcher.ask('watch', { users: [ada.id, ben.id] })
    const client = await a.connect(ada)
    await watcher.hears('userOnline', { userId: ada.id })
    const keyOf = async (id: string) => (await ask<string[]>('KEYS', `*u:${id}`))[0] ?? ''
    const key = await keyOf(ada.id)
    const before = await ask<string>('GET', key)
    const [, nodeId] = (JSON.parse(before.slice(before.indexOf('{'))) as { s: [string, string][] }).s[0] ?? ['', '']
    client.leave()
    await watcher.hears('userOffline', { userId: ada.id })
    // A replica took over that had not heard of the goodbye.
    await ask('SET', key, before)
    await ask('ZADD', key.replace(/u:.*/, 'members'), '0', `${nodeId} ${ada.id}`)
    const sessions = () => a.http('/api/users/presence/sessions', { as: ada })
    await eventually(sessions, ({ body }) => body.sessions.length === 0)
    const seen = await b.http(`/api/users/presence/${ada.id}`, { as: viewer })
    expect(seen.body.online_status).toBe('offline')

    const phone = await a.connect(ben)
    await watcher.hears('userOnline', { userId: ben.id })
    const restated = await metric(a, 'reconciled_total')
    // Or one that had not heard that he came.
    const kept = await ask<string>('GET', await keyOf(ben.id))
    const without = { ...(JSON.parse(kept.slice(kept.indexOf('{'))) as object), s: [] }
    await ask('SET', await keyOf(ben.id), `1 by-hand L ${JSON.stringify(without)}`)
    await eventually(
      () => metric(a, 'reconciled_total'),
      (count) => count > restated,
    )
    expect((await a.http('/api/users/presence/sessions', { as: ben })).body.sessions).toHaveLength(1)
    const own = watcher.heard.filter(([, payload]) => payload?.['userId'] === ben.id).map(([event]) => event)
    expect(own).toEqual(['userOnline', 'presenceUpdate'])
    phone.leave()
  })

  test('R46 what nobody was told of at all is found by comparing', async () => {
    const [ada, viewer] = await Promise.all([80, 81].map((n) => a.person('provider', n)))
    if (!ada || !viewer) throw new Error('too few people')
    const watcher = await b.connect(viewer)
    await watcher.ask('watch', { users: [ada.id] })
    const client = await a.connect(ada)
    await watcher.hears('userOnline', { userId: ada.id })
    const [key = ''] = await ask<string[]>('KEYS', `*u:${ada.id}`)
    const value = await ask<string>('GET', key)
    const json = JSON.parse(value.slice(value.indexOf('{'))) as { v: number; o: unknown[]; t: unknown[] }
    const view = ['online', json.t[1], 'written by hand', json.v + 5]
    const changed = { ...json, v: json.v + 5, o: view, t: view }
    await ask('SET', key, `1 by-hand L ${JSON.stringify(changed)}`)
    await watcher.hears('presenceUpdate', { userId: ada.id, custom_message: 'written by hand' })
    client.leave()
  })

  test('R20 a decision that PostgreSQL has and nobody showed is shown', async () => {
    const [ada, viewer] = await Promise.all([70, 71].map((n) => a.person('provider', n)))
    if (!ada || !viewer) throw new Error('too few people')
    const watcher = await b.connect(viewer)
    await watcher.ask('watch', { users: [ada.id] })
    const client = await a.connect(ada)
    await watcher.hears('userOnline', { userId: ada.id })
    await eventually(
      async () =>
        (await database.sequelize.query('select 1 from porchlight_presence where user_id = $1', { bind: [ada.id] }))[0],
      (rows) => rows.length === 1,
    )
    // As a node leaves it that dies right after PostgreSQL took it.
    await database.sequelize.query(
      `update porchlight_presence set choice_status = 'dnd', choice_message = 'on a roof', choice_version = version + 1,
        version = version + 1 where user_id = $1`,
      { bind: [ada.id] },
    )
    await watcher.hears('presenceUpdate', { userId: ada.id, status: 'dnd', custom_message: 'on a roof' })
    client.leave()
  })
})
