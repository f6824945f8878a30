import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { untilFresh, watchSearch } from '../support/watched-search.ts'

let database: TestDatabase
let way: CuttableProxy
let market: Marketplace

beforeAll(async () => {
  database = await createTestDatabase({ marketplace: true })
  const address = new URL(database.url)
  way = await startCuttableProxy(Number(address.port))
  address.port = String(way.port)
  const limits = { PRESENCE_DATABASE_TIMEOUT_MS: '300', PRESENCE_BREAKER_FAILURES: '3', LOG_LEVEL: 'silent' }
  const pace = { PRESENCE_RECONCILE_MS: '600000', PRESENCE_LIVE_SEARCH_EVERY_MS: '200' }
  market = await startMarketplace(
    { ...limits, ...pace },
    { database: { ...database, url: address.href }, clock: Date.now },
  )
})
afterAll(async () => {
  await market.stop()
  await way.stop()
  await database.drop()
})

const shownOf = (cards: readonly object[], id: string) => cards.find((one) => 'id' in one && one.id === id)

test.each(['cut', 'hang'] as const)(
  'R32 R50 while PostgreSQL is away (%s) windows stay, say so once, and show what happens; then they catch up',
  async (how) => {
    const { body } = await market.http('/api/providers?limit=50')
    const people: string[] = body.providers.map(({ id }: { id: string }) => id)
    const offset = how === 'cut' ? 0 : 5
    const [ada = '', ben = '', carla = ''] = people.slice(offset)
    const login = await market.http('/api/demo/login', { method: 'POST', json: { user_id: carla } })
    const shy: Person = { id: carla, name: '', token: login.body.token }
    const [viewer, latecomer] = [await market.person('client', offset), await market.person('client', offset + 1)]
    const phone = await market.connect(shy)
    await market.server.presence.service.setUserOnline(ben, 'phone')
    const client = await market.connect(viewer)
    const late = await market.connect(latecomer)
    const search = await watchSearch(client, { limit: 50 })
    // Somebody else asked for this one a moment ago.
    await market.http('/api/providers?limit=3')
    await eventually(
      async () => search.shown().counts,
      (counts) => JSON.stringify(counts) === JSON.stringify({ online: 2, away: 0, dnd: 0 }),
    )
    await untilFresh(market, search)

    way[how]()
    const before = search.diffs.length
    // Whoever is in a list is asked for anew when something happens to them, which is when it shows.
    await market.server.presence.service.setUserOffline(ben, 'phone')
    await eventually(
      async () => shownOf(search.shown().cards, ben),
      (card) => JSON.stringify(card).includes('"offline"'),
    )
    // Nothing is stored, so nothing is computed either, until waiting for it has been in vain.
    await eventually(
      async () => search.shown().stale,
      (stale) => stale,
    )
    const hidden = await market.http('/api/users/presence/settings', {
      method: 'PATCH',
      as: shy,
      json: { show_online_status: false },
    })
    expect(hidden).toMatchObject({ status: 503, body: { code: 'NOT_DURABLE' } })
    await client.ask('activity')
    expect(shownOf(search.shown().cards, carla)).toMatchObject({
      presence: { online_status: 'offline', last_seen: null },
    })
    expect(search.shown()).toMatchObject({ stale: true, counts: { online: 1 } })
    expect(search.diffs.slice(before).filter((diff, i, all) => diff.stale && all[i - 1]?.stale !== true)).toHaveLength(
      1,
    )

    // Who comes now is shown what there is; of what nobody asked for lately, nothing is known.
    const known = await watchSearch(late, { limit: 50 })
    expect(known.shown()).toEqual(search.shown())
    const last = await watchSearch(late, { limit: 3 })
    expect(last.shown()).toMatchObject({ stale: true })
    expect(last.shown().cards.length).toBeGreaterThan(0)
    expect(await late.ask('watchProviders', { limit: 4, name: 'nobody asked' })).toMatchObject({
      ok: false,
      error: { code: 'STORE_UNAVAILABLE', retryable: true },
    })

    way.mend()
    for (const one of [search, known, last]) {
      await eventually(
        async () => one.shown().stale,
        (stale) => !stale,
      )
    }
    await market.server.presence.service.setUserOnline(ada, 'phone')
    await eventually(
      async () => shownOf(search.shown().cards, ada),
      (card) => JSON.stringify(card).includes('"online"'),
    )
    for (const one of [search, known, last]) {
      await untilFresh(market, one)
      expect(one.isBroken()).toBe(false)
    }
    await market.server.presence.service.setUserOffline(ada, 'phone')
    for (const one of [client, late, phone]) one.leave()
  },
)
