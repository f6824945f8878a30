import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedMarketplace } from '../../demo/server/seed.ts'
import type { ProviderWatchRequest } from '../../src/protocol/events.ts'
import { eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { freshSearch, type Shown, type WatchedSearch, watchSearch } from '../support/watched-search.ts'

const PROVIDERS = 10_000
const WATCHERS = 200
const ROUNDS = 4
/** Changes of each round, so many at once. */
const BATCHES = 40
const AT_ONCE = 15

interface Provider {
  readonly id: string
  readonly city_id: number
  readonly service_ids: readonly number[]
}

let database: TestDatabase
let market: Marketplace
let providers: Provider[]
let requests: ProviderWatchRequest[]
let watches: WatchedSearch[]
/** What this test did to whom, in order: what watchers may be told is measured by it. */
let changed: Provider[] = []

/** The same numbers each time (mulberry32): what fails once fails again. */
function createChance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) % below
  }
}
const chance = createChance(7)
const anyOf = <Item>(items: readonly Item[]): Item => items[chance(items.length)] as Item

beforeAll(async () => {
  database = await createTestDatabase({ marketplace: true })
  await seedMarketplace(database.sequelize, { providers: PROVIDERS, clients: 20 })
  // Nothing heals by itself within this test: what a watcher was not told stays wrong.
  const env = { PRESENCE_RECONCILE_MS: '600000', PRESENCE_RATE_LIMIT: 'off', PRESENCE_MAX_SESSIONS_PER_USER: '100' }
  market = await startMarketplace(env, { database, clock: Date.now })
  providers = (
    await database.sequelize.query(`
    select p.user_id as id, p.city_id, array_agg(s.service_id) as service_ids
    from providers p join provider_services s using (user_id) group by 1, 2 order by 1`)
  )[0] as Provider[]
  requests = searches()
  const people = await Promise.all(Array.from({ length: 20 }, (_, index) => market.person('client', index)))
  watches = await connectAll(people)
}, 60_000)
afterAll(async () => {
  await market?.stop()
  await database?.drop()
})

/** A few dozen different searches, most of them of the places where most happens. */
function searches(): ProviderWatchRequest[] {
  const size = (city: number) => providers.filter(({ city_id }) => city_id === city).length
  const cities = [...new Set(providers.map(({ city_id }) => city_id))].toSorted((a, b) => size(b) - size(a))
  return [
    {},
    { limit: 100 },
    { service_id: 3, online_status: 'online,away,dnd' },
    { active_within: '24h', limit: 10 },
    ...cities
      .slice(0, 5)
      .flatMap((city_id): ProviderWatchRequest[] => [
        { city_id },
        { city_id, limit: 5 },
        { city_id, online_status: 'online', sort: 'rating' },
        { city_id, service_id: 1, sort: 'price', min_price: 20 },
        { city_id, last_seen: '1h', sort: 'last_seen' },
        { city_id, name: 'a', min_rating: 3, limit: 50 },
        { city_id, online_status: 'offline,dnd', limit: 7 },
      ]),
  ]
}

const connectAll = (people: readonly Person[]): Promise<WatchedSearch[]> =>
  Promise.all(
    Array.from({ length: WATCHERS }, async (_, i) => {
      const client = await market.connect(anyOf(people), { format: i % 2 === 0 ? 'diff' : 'events' })
      return watchSearch(client, requests[i % requests.length] ?? {})
    }),
  )

/** Something that somebody does; most are of the city that most look at. */
async function change(): Promise<void> {
  const provider = anyOf(chance(4) === 0 ? providers : busy())
  const { id } = provider
  const { service, verbs } = market.server.presence
  changed.push(provider)
  const phone = `phone of ${id}`
  const does = chance(10)
  if (does < 4) await service.setUserOnline(id, phone)
  else if (does < 7) await service.setUserOffline(id, phone)
  else if (does < 8) await service.setCustomStatus(id, anyOf(['online', 'away', 'dnd']), anyOf([null, 'on a roof']))
  else await verbs.changeSettings(id, { visible: does === 9 })
}

let crowd: Provider[] | null = null
const busy = (): Provider[] => {
  const looked = new Set(requests.flatMap(({ city_id }) => (city_id === undefined ? [] : [Number(city_id)])))
  return (crowd ??= providers.filter(({ city_id }) => looked.has(city_id)).slice(0, 400))
}

async function churn(): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    await Promise.all(Array.from({ length: AT_ONCE }, change))
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Which watchers do not see what somebody sees who asks now. */
async function astray(): Promise<WatchedSearch[]> {
  const fresh = new Map<ProviderWatchRequest, Shown>()
  for (const request of requests) fresh.set(request, await freshSearch(market, request))
  return watches.filter((watch) => JSON.stringify(watch.shown()) !== JSON.stringify(fresh.get(watch.request)))
}

const concerns = ({ city_id, service_id }: ProviderWatchRequest, provider: Provider): boolean =>
  (city_id === undefined || Number(city_id) === provider.city_id) &&
  (service_id === undefined || provider.service_ids.includes(Number(service_id)))

describe('watched searches under churn', () => {
  test('R41 R46 at every quiet moment each watcher sees what a fresh search gives', { timeout: 180_000 }, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await churn()
      await eventually(astray, (lost) => lost.length === 0)
      for (const watch of watches) {
        expect(watch.isBroken()).toBe(false)
        expect(new Set(watch.ids()).size).toBe(watch.shown().cards.length)
      }
    }
  })

  test('R14 R40 each is told what concerns it and can be seen, and no more often than something happened', () => {
    const told = watches.map(({ diffs }) => diffs.length)
    expect(Math.max(...told)).toBeGreaterThan(20)
    for (const watch of watches) {
      const happened = changed.filter((provider) => concerns(watch.request, provider)).length
      // In their place at first, then to their place: twice at most.
      expect(watch.diffs.length).toBeLessThanOrEqual(2 * happened)
      expect(watch.unseen()).toBe(0)
    }
    // Many changes at once are one message.
    expect(Math.max(...told)).toBeLessThan(changed.length / 5)
  })
})
