import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, inject, test } from 'vitest'
import type { ProviderQuery } from '../../src/service/verbs.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { type Answer, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase } from '../support/postgres.ts'

const EVERYBODY: ProviderQuery = {
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
  place: null,
}

/** Words of the statement that searches, and of no other. */
const SEARCH = 'with counted as'

/** A PostgreSQL whose way can be cut, and what searches reach it. */
interface World {
  readonly way: CuttableProxy
  searches(): number
  start(env?: Record<string, string>): Promise<Marketplace>
  /** Moves the clock of every node. */
  advance(ms: number): void
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function createWorld(): Promise<World> {
  const database = await createTestDatabase({ marketplace: true })
  const address = new URL(database.url)
  let searches = 0
  const way = await startCuttableProxy(Number(address.port), (bytes) => {
    // A statement is sent in one piece: it is far smaller than what a socket takes.
    searches += bytes.toString('latin1').split(SEARCH).length - 1
  })
  address.port = String(way.port)
  let offset = 0
  const world = { database: { ...database, url: address.href }, clock: () => Date.now() + offset }
  closing.push(
    () => database.drop(),
    () => way.stop(),
  )
  const limits = { PRESENCE_BREAKER_FAILURES: '3', PRESENCE_BREAKER_COOLDOWN_MS: '100', LOG_LEVEL: 'silent' }
  return {
    way,
    searches: () => searches,
    advance: (ms) => {
      offset += ms
    },
    async start(env = {}) {
      const node = await startMarketplace({ ...limits, ...env }, world)
      closing.push(() => node.stop())
      return node
    },
  }
}

const search = (node: Marketplace, query: string) => node.http(`/api/providers?${query}`)
const hide = (node: Marketplace, as: Person) =>
  node.http('/api/users/presence/settings', { method: 'PATCH', as, json: { show_online_status: false } })
const ids = ({ body }: Answer): string[] => body.providers.map(({ id }: { id: string }) => id)
const cardOf = ({ body }: Answer, { id }: Person) => body.providers.find((card: { id: string }) => card.id === id)

/** Providers of one city, connected; the search of it shows all of them, and everybody else there. */
async function connectCity(node: Marketplace, size: number) {
  const { body } = await search(node, 'limit=100')
  const count = new Map<number, number>()
  for (const { city_id } of body.providers) count.set(city_id, (count.get(city_id) ?? 0) + 1)
  const [cityId] = [...count].toSorted((a, b) => b[1] - a[1])[0] ?? []
  const people = body.providers.filter((card: { city_id: number }) => card.city_id === cityId).slice(0, size)
  const persons: Person[] = await Promise.all(
    people.map(async ({ id, name }: { id: string; name: string }) => {
      const login = await node.http('/api/demo/login', { method: 'POST', json: { user_id: id } })
      return { id, name, token: login.body.token }
    }),
  )
  const clients = []
  for (const person of persons) clients.push({ person, client: await node.connect(person) })
  const query = `city_id=${cityId}&limit=100`
  // Written behind: from then on a search finds them.
  await eventually(
    () => search(node, query),
    (answer) => answer.body.counts.online === persons.length,
  )
  return { cityId, query, clients }
}

const fresh = (node: Marketplace, query: string) =>
  eventually(
    () => search(node, query),
    ({ status, body }) => status === 200 && body.stale === false,
  )

/** What must be the same whether PostgreSQL or memory said it. */
const said = ({ body }: Answer) => ({ providers: body.providers, counts: body.counts })

describe('PostgreSQL is away', () => {
  test('R50 R32 a search answers what it found last, everybody as they are now, and nobody who hid', async () => {
    const world = await createWorld()
    const node = await world.start()
    const { query, clients } = await connectCity(node, 6)
    const [leaves, hides, hidesFirst] = clients
    if (!leaves || !hides || !hidesFirst) throw new Error('too few')
    const before = await search(node, query)
    expect(before.body).toMatchObject({ stale: false, counts: { online: 6 } })
    expect(before.headers.get('age')).toBeNull()
    const onlineOnly = await search(node, `${query}&online_status=online`)
    expect(ids(onlineOnly)).toHaveLength(6)

    // Hidden, stored and gone before anything is wrong: nobody can be asked about them any more.
    expect(await hide(node, hidesFirst.person)).toMatchObject({ status: 200 })
    hidesFirst.client.leave()
    await node.untilConnections(5)
    world.way.cut()
    leaves.client.leave()
    await node.untilConnections(4)
    expect(await hide(node, hides.person)).toMatchObject({ status: 503, body: { code: 'NOT_DURABLE' } })
    world.advance(61_000)

    const last = await search(node, query)
    expect(last).toMatchObject({ status: 200, body: { stale: true, counts: { online: 3 } } })
    expect(Number(last.headers.get('age'))).toBeGreaterThanOrEqual(61)
    expect(last.headers.get('cache-control')).toBe(before.headers.get('cache-control'))
    for (const { person } of [hides, hidesFirst]) {
      expect(cardOf(last, person)).toMatchObject({
        presence: { online_status: 'offline', last_seen: null, show_status: true },
        last_seen_text: 'offline',
      })
    }
    expect(cardOf(last, leaves.person).presence).toMatchObject({
      online_status: 'offline',
      last_seen: expect.any(String),
    })
    const lastOnline = await search(node, `${query}&online_status=online`)
    expect(ids(lastOnline).toSorted()).toEqual(
      clients
        .slice(3)
        .map(({ person }) => person.id)
        .toSorted(),
    )
    expect(lastOnline.body.counts).toEqual(last.body.counts)
    const metrics = String((await node.http('/metrics')).body)
    expect(metrics).toMatch(/porchlight_last_results_total [1-9]/)

    // Stored by now, and searched anew: order, cards and counts are what they were from memory.
    world.way.mend()
    const again = await eventually(
      () => fresh(node, query),
      ({ body }) => body.counts.online === 3,
    )
    expect(said(last)).toEqual(said(again))
    expect(again.headers.get('age')).toBeNull()
  })

  test('R31 R32 whoever hid is not on a page that goes on, where a gap between others would tell of them', async () => {
    const world = await createWorld()
    const node = await world.start()
    const { clients } = await connectCity(node, 6)
    const page = await search(node, 'limit=5')
    expect(page.body).toMatchObject({ counts: { online: 6 } })
    const [shown, alsoShown] = clients.filter(({ person }) => ids(page).includes(person.id))
    if (!shown || !alsoShown) throw new Error('nobody')
    // Whoever is not on this page was on another that this node remembers.
    await search(node, 'limit=6')
    world.way.cut()
    await hide(node, shown.person)
    alsoShown.client.leave()
    await node.untilConnections(5)
    const last = await search(node, 'limit=5')
    expect(ids(last)).toEqual(ids(page).filter((id) => id !== shown.person.id && id !== alsoShown.person.id))
    expect(last.body.counts).toEqual({ online: 4, away: 0, dnd: 0 })
    const behind = clients.find(({ person }) => !ids(page).includes(person.id))
    if (!behind) throw new Error('all were shown')
    await hide(node, behind.person)
    expect((await search(node, 'limit=5')).body.counts).toEqual({ online: 3, away: 0, dnd: 0 })
  })

  test('R50 a search that nobody asked before, or too long ago, is refused: come back later', async () => {
    const world = await createWorld()
    const node = await world.start({ PRESENCE_LAST_RESULTS_MS: '60000' })
    await search(node, 'limit=3')
    world.way.cut()
    const refused = await search(node, 'limit=4')
    expect(refused).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE', retryable: true } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('cache-control')).toBe('no-store')
    expect(await search(node, 'limit=3')).toMatchObject({ status: 200, body: { stale: true } })
    world.advance(60_001)
    expect(await search(node, 'limit=3')).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
  })

  test('R50 a PostgreSQL that hangs keeps a search waiting only while there is nothing else to answer', async () => {
    const world = await createWorld()
    const node = await world.start({ PRESENCE_DATABASE_TIMEOUT_MS: '60000' })
    await search(node, 'limit=3')
    world.way.hang()
    // Longer than this test may take: only patience ends it.
    expect(await search(node, 'limit=3')).toMatchObject({ status: 200, body: { stale: true } })
    world.way.mend()
    expect(await fresh(node, 'limit=3')).toMatchObject({ status: 200 })
  })

  test('R50 is back: a thousand searches at once are two statements a search', async () => {
    const world = await createWorld()
    const node = await world.start()
    const { verbs } = node.server.presence
    const queries = [3, 4, 5].map((limit) => ({ ...EVERYBODY, limit }))
    const all = () =>
      Promise.all(queries.flatMap((query) => Array.from({ length: 1_000 }, () => verbs.findProviders(query))))
    for (const query of queries) await verbs.findProviders(query)
    world.way.cut()
    const outage = await all()
    expect(outage.filter(({ stale }) => !stale)).toEqual([])
    world.way.mend()
    await fresh(node, 'limit=6')
    const before = world.searches()
    const found = await all()
    expect(found.filter(({ stale }) => stale)).toEqual([])
    expect(world.searches() - before).toBe(2 * queries.length)
  })
})

describe('searches at the same time', () => {
  test('R32 nobody is answered what was found before they asked, however many ask', async () => {
    const world = await createWorld()
    const node = await world.start()
    const { clients, query } = await connectCity(node, 6)
    const state = { isOver: false }
    const asking = Array.from({ length: 8 }, async () => {
      while (!state.isOver) await search(node, query)
    })
    const online = clients.length
    for (const [hidden, { person }] of clients.entries()) {
      expect(await hide(node, person)).toMatchObject({ status: 200 })
      const answers = await Promise.all([1, 2, 3].map(() => search(node, query)))
      for (const answer of answers) {
        expect(cardOf(answer, person).presence).toMatchObject({ online_status: 'offline', last_seen: null })
        expect(answer.body.counts.online).toBe(online - hidden - 1)
      }
    }
    state.isOver = true
    await Promise.all(asking)
  })
})

describe('PostgreSQL is away from two nodes', () => {
  test('R32 R50 whoever hides at one is gone from what the other remembers', async () => {
    const world = await createWorld()
    const shared = { REDIS_URL: inject('redisUrl'), PRESENCE_REDIS_PREFIX: `test-${randomUUID()}` }
    const [one, two] = [await world.start(shared), await world.start(shared)]
    const { query, clients } = await connectCity(one, 4)
    const [hides, leaves] = clients
    if (!hides || !leaves) throw new Error('too few')
    const before = await eventually(
      () => search(two, query),
      ({ body }) => body.counts.online === 4,
    )
    expect(before.body.stale).toBe(false)
    world.way.cut()
    expect(await hide(one, hides.person)).toMatchObject({ status: 503, body: { code: 'NOT_DURABLE' } })
    // Cards are read from the store that both share.
    const last = await search(two, query)
    expect(last).toMatchObject({ status: 200, body: { stale: true } })
    expect(cardOf(last, hides.person)).toMatchObject({ presence: { online_status: 'offline', last_seen: null } })
    expect(last.body.counts.online).toBe(3)
    leaves.client.leave()
    await eventually(
      () => search(two, query),
      ({ body }) => body.counts.online === 2,
    )
  })
})
