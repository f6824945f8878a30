import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { freshSearch, untilFresh, watchSearch } from '../support/watched-search.ts'

const idsAt = async ({ http }: Marketplace): Promise<string[]> => {
  const { body } = await http('/api/providers?limit=100')
  return body.providers.map(({ id }: { id: string }) => id)
}

const personOf = async ({ http }: Marketplace, id: string): Promise<Person> => {
  const { body } = await http('/api/demo/login', { method: 'POST', json: { user_id: id } })
  return { id, name: '', token: body.token }
}

const statusIn = (cards: readonly object[], id: string): string | undefined => {
  const card = cards.find((one) => 'id' in one && one.id === id) as { presence: { online_status: string } } | undefined
  return card?.presence.online_status
}

describe.each(['redisUrl', 'redisClusterUrl'] as const)('a search watched on one node of two (%s)', (url) => {
  let database: TestDatabase
  let a: Marketplace
  let b: Marketplace
  let ids: string[]

  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    const store = { REDIS_URL: inject(url), PRESENCE_REDIS_PREFIX: `test-${randomUUID()}` }
    // Nothing heals by itself within this test.
    const env = { ...store, PRESENCE_RECONCILE_MS: '600000', PRESENCE_RATE_LIMIT: 'off' }
    a = await startMarketplace(env, { database, clock: Date.now })
    b = await startMarketplace(env, { database, clock: Date.now })
    ids = await idsAt(a)
  })
  afterAll(async () => {
    await Promise.all([a, b].map((node) => node.stop()))
    await database.drop()
  })

  test('R46 what happens on the other node is seen here, and each sees what a fresh search gives', async () => {
    const [ada = '', ben = ''] = ids
    const atB = await watchSearch(await b.connect(await b.person('client')), { limit: 10 })
    const atA = await watchSearch(await a.connect(await a.person('client', 1)), { limit: 10, online_status: 'online' })
    const phone = await a.connect(await personOf(a, ada))
    await eventually(
      async () => statusIn(atB.shown().cards, ada),
      (status) => status === 'online',
    )
    await b.server.presence.service.setUserOnline(ben, 'tablet')
    await eventually(
      async () => atA.ids(),
      (shown) => shown.includes(ada) && shown.includes(ben),
    )
    await untilFresh(b, atB)
    await untilFresh(a, atA)
    phone.leave()
    await b.server.presence.service.setUserOffline(ben, 'tablet')
    await eventually(
      async () => atA.ids(),
      (shown) => shown.length === 0,
    )
    await untilFresh(b, atB)
    expect([atA.isBroken(), atB.isBroken(), atA.unseen(), atB.unseen()]).toEqual([false, false, 0, 0])
  })

  test('R30 R32 a hiding on the other node is taken back here within a second, counts included', async () => {
    const [, , shy = ''] = ids
    const as = await personOf(a, shy)
    const phone = await a.connect(as)
    const search = await watchSearch(await b.connect(await b.person('client', 2)), { limit: 100 })
    await eventually(
      async () => search.shown().counts,
      (counts) => 'online' in counts && counts.online === 1,
    )
    await untilFresh(b, search)
    await a.http('/api/users/presence/settings', { method: 'PATCH', as, json: { show_online_status: false } })
    const from = performance.now()
    await eventually(
      async () => search.shown(),
      ({ cards, counts }) => statusIn(cards, shy) === 'offline' && 'online' in counts && counts.online === 0,
    )
    expect(performance.now() - from).toBeLessThan(1_000)
    await untilFresh(b, search)
    phone.leave()
    await a.http('/api/users/presence/settings', { method: 'PATCH', as, json: { show_online_status: true } })
  })

  test('R41 R46 what one node is told of the directory is seen in searches that the other one keeps', async () => {
    const [, , , moving = ''] = ids
    await a.server.presence.service.setUserOnline(moving, 'phone')
    const shown = await freshSearch(b, { limit: 100 })
    const cards = shown.cards as { id: string; city_id: number }[]
    const from = cards.find(({ id }) => id === moving)?.city_id ?? 0
    const to = cards.find(({ city_id }) => city_id !== from)?.city_id
    const search = await watchSearch(await b.connect(await b.person('client', 9)), { city_id: from, limit: 1 })
    await eventually(
      async () => search.shown().counts,
      (counts) => 'online' in counts && counts.online === 1,
    )
    await database.sequelize.query('update providers set city_id = $2 where user_id = $1', { bind: [moving, to] })
    await a.server.presence.directoryChanged([moving])
    await eventually(
      async () => search.shown().counts,
      (counts) => 'online' in counts && counts.online === 0,
    )
    await untilFresh(b, search)
    await a.server.presence.service.setUserOffline(moving, 'phone')
  })

  test('R41 many changes on both at once end alike on both', async () => {
    const searches = await Promise.all(
      [a, b, a, b].map(async (node, i) => {
        const client = await node.connect(await node.person('client', 3 + i))
        const query = i < 2 ? { limit: 20 } : { limit: 30, online_status: 'online,dnd', sort: 'rating' as const }
        return { node, search: await watchSearch(client, query) }
      }),
    )
    const crowd = ids.slice(0, 60)
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(
        crowd.map(async (id, i) => {
          const { service } = ((i + round) % 2 === 0 ? a : b).server.presence
          if ((i * 7 + round) % 3 === 0) await service.setUserOffline(id, `phone ${i % 2}`)
          else await service.setUserOnline(id, `phone ${i % 2}`)
          if (i % 5 === round) await service.setCustomStatus(id, 'dnd', `round ${round}`)
        }),
      )
    }
    // Both read one PostgreSQL, which the last changes may reach between the one answer and the other.
    const [shownByA] = await eventually(
      () => Promise.all([a, b].map((node) => freshSearch(node, { limit: 20 }))),
      ([ofA, ofB]) => JSON.stringify(ofA) === JSON.stringify(ofB),
    )
    expect(shownByA?.cards).toHaveLength(20)
    for (const { node, search } of searches) {
      await untilFresh(node, search)
      expect([search.isBroken(), search.unseen()]).toEqual([false, 0])
    }
  })
})

describe('a watched search whose store goes away', () => {
  let redis: TestRedis
  let database: TestDatabase
  let market: Marketplace

  beforeAll(async () => {
    redis = await startRedis()
    database = await createTestDatabase({ marketplace: true })
    const times = { PRESENCE_NODE_LEASE_MS: '1500', PRESENCE_STALE_AFTER_MS: '2000', PRESENCE_RECONCILE_MS: '600000' }
    const breaker = { PRESENCE_BREAKER_FAILURES: '3', PRESENCE_BREAKER_COOLDOWN_MS: '100' }
    const env = { ...times, ...breaker, REDIS_URL: redis.url, LOG_LEVEL: 'silent' }
    market = await startMarketplace(env, { database, clock: Date.now })
  })
  afterAll(async () => {
    await market.stop()
    await redis.stop()
    await database.drop()
  })

  test('R45 R51 turns stale, tells nobody as gone, and is right again when the store is back, having lost everything', async () => {
    const [ada = ''] = await idsAt(market)
    const phone = await market.connect(await personOf(market, ada))
    const client = await market.connect(await market.person('client'))
    const search = await watchSearch(client, { online_status: 'online', limit: 5 })
    await eventually(
      async () => search.ids(),
      (shown) => shown.join() === ada,
    )
    await untilFresh(market, search)
    await redis.kill('SIGKILL')
    await client.hears('stale')
    await eventually(
      async () => search.shown().stale,
      (stale) => stale,
    )
    expect(search.ids()).toEqual([ada])
    await redis.restart()
    await client.hears('resync')
    await eventually(
      async () => search.shown().stale,
      (stale) => !stale,
    )
    await untilFresh(market, search)
    expect(search.ids()).toEqual([ada])
    // Not once was it said that they had gone.
    expect(
      search.diffs.flatMap(({ leave, change }) => [...leave, ...change.filter(({ is_online }) => !is_online)]),
    ).toEqual([])
    phone.leave()
    await eventually(
      async () => search.ids(),
      (shown) => shown.length === 0,
    )
  })
})
