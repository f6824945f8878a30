import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { QueryTypes } from 'sequelize'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { foldName } from '../../src/domain/fold-name.ts'
import { shortName } from '../../src/domain/short-name.ts'
import { STATUSES, type Status } from '../../src/domain/status.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import { newRecord, type UserRecord } from '../../src/domain/user-record.ts'
import { UNSEEN } from '../../src/domain/view.ts'
import { type DurableStore, PROVIDER_SORTS, type ProviderPage, type ProviderSearch } from '../../src/store/contract.ts'
import { createMemoryDurableStore, type MemoryDurableStore } from '../../src/store/memory/memory-durable-store.ts'
import type { MemoryProvider } from '../../src/store/memory/search-providers.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { migratePresence } from '../../src/store/postgres/migrate.ts'
import { saveVisibility } from '../contract/durable-store-people.ts'
import { VISIBLE } from '../../src/domain/visibility.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const PROVIDERS = 240
const WORLDS = 20
const QUERIES = 500
const SEED = 20_261_125

const NOW = Date.UTC(2026, 10, 25, 12)
const HOUR = 3_600_000
const NAMES = [
  'José Núñez',
  'Zoë Park',
  'Marta_100%',
  'Åsa Öberg',
  'Jo Ngo',
  '張偉 Wei',
  "O'Neil Back\\slash",
  'Anna Marti',
]
const CITIES = [null, 1, 2, 3]
const SERVICES = [1, 2, 3, 4]
const DIRECTORY = {
  providers: {
    table: 'cards',
    id: 'id',
    city: 'city_id',
    rating: 'rating',
    price: 'price',
    name: 'name',
    fields: ['id', 'name', 'city_id', 'service_ids', 'rating', 'price'],
  },
  services: { table: 'offers', provider: 'user_id', service: 'service_id' },
}

let database: TestDatabase
let real: DurableStore
let model: MemoryDurableStore
const providers: MemoryProvider[] = []
let version = NOW * 1000

beforeAll(async () => {
  database = await createTestDatabase()
  await sql('create table users (id uuid primary key)')
  await sql(
    'create table cards (id uuid primary key, name text, city_id int, service_ids int[], rating float8, price float8)',
  )
  await sql('create table offers (user_id uuid, service_id int)')
  const host = { sequelize: database.sequelize, usersTable: 'users', idColumn: 'id', userId: uuidIds }
  await migratePresence(host)
  real = createDurableStore({ ...host, nodeId: 'a', directory: DIRECTORY })
  model = createMemoryDurableStore({ providers })
})
afterAll(() => database.drop())

const sql = (text: string, bind: unknown[] = []): Promise<object[]> =>
  database.sequelize.query(text, { ...(bind.length > 0 && { bind }), type: QueryTypes.SELECT, raw: true })

const provider = fc.record({
  name: fc.constantFrom(...NAMES),
  city_id: fc.constantFrom(...CITIES),
  service_ids: fc.uniqueArray(fc.constantFrom(...SERVICES), { minLength: 0, maxLength: 3 }),
  rating: fc.option(fc.integer({ min: 0, max: 10 }).map((halves) => halves / 2)),
  price: fc.option(fc.integer({ min: 20, max: 30 })),
})

/** A moment before now; few of them, so that many are equal, to the millisecond. */
const moment = fc.integer({ min: 0, max: 40 }).map((n) => NOW - n * HOUR + (n % 3))

interface Observation {
  readonly status: Status
  readonly visible: boolean
  readonly seen: number | null
  readonly active: number | null
}

const observation: fc.Arbitrary<Observation> = fc.record({
  status: fc.constantFrom<Status>(...STATUSES),
  visible: fc.boolean(),
  seen: fc.option(moment, { freq: 5 }),
  active: fc.option(moment, { freq: 3 }),
})

const search: fc.Arbitrary<ProviderSearch & { readonly firstPages: number }> = fc.record({
  cityId: fc.constantFrom(null, '1', '2', '3', '99'),
  serviceId: fc.constantFrom(null, '1', '2', '4', '77'),
  statuses: fc.option(fc.uniqueArray(fc.constantFrom<Status>(...STATUSES), { minLength: 1 })),
  seenSince: fc.option(moment, { freq: 2 }),
  activeSince: fc.option(moment, { freq: 2 }),
  name: fc.option(
    fc.constantFrom('jo', 'NÚÑ', 'o', '_1', '0%', '\\s', 'a m', '張', 'mart', "o'n", 'nobody').map(foldName),
    {
      freq: 2,
    },
  ),
  price: bounds(20, 30),
  rating: bounds(0, 5),
  sort: fc.constantFrom(...PROVIDER_SORTS),
  limit: fc.integer({ min: 1, max: 25 }),
  after: fc.constant(null),
  shown: fc.constant<string[]>([]),
  hidden: fc.constant<string[]>([]),
  firstPages: fc.nat(2),
})

function bounds(low: number, high: number) {
  const bound = fc.option(fc.integer({ min: low, max: high }), { freq: 2 })
  return fc.record({ min: bound, max: bound })
}

const draw = <T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): T[] =>
  fc.sample(arbitrary, { numRuns: count, seed })

function recordOf(userId: string, { status, visible, seen, active }: Observation): UserRecord {
  version += 1_000
  const view = { status, lastSeenAt: seen, message: null, version }
  const stranger = visible ? view : { ...UNSEEN, version }
  const visibility = { ...VISIBLE, visible, version }
  const shown = { lastSeenAt: seen, lastActivityAt: active, contactSeenAt: seen }
  return {
    ...newRecord(userId),
    version,
    own: view,
    contact: stranger,
    stranger,
    visibility,
    shown,
    lastSeenAt: seen,
    lastActivityAt: active,
  }
}

/** Both stores are told the same: who is there, where the directory has them, what became of them. */
async function changeTheWorld(seed: number): Promise<void> {
  if (providers.length === 0) {
    for (const drawn of draw(provider, PROVIDERS, seed)) await addProvider({ id: randomUUID(), ...drawn })
  } else {
    await redescribe(seed)
  }
  const records = draw(fc.tuple(fc.nat(providers.length - 1), observation), 120, seed + 1).map(([n, drawn]) =>
    recordOf(providers[n]?.id ?? '', drawn),
  )
  for (const store of [real, model]) await store.project(records)
  for (const [n, visible] of draw(fc.tuple(fc.nat(providers.length - 1), fc.boolean()), 10, seed + 2)) {
    version += 1_000
    const userId = providers[n]?.id ?? ''
    for (const store of [real, model]) {
      await saveVisibility(store, userId, visible, version)
    }
  }
}

async function addProvider(added: MemoryProvider): Promise<void> {
  providers.push(added)
  model.addUser(added.id)
  await sql('insert into users values ($1)', [added.id])
  await enterInDirectory(added)
  await real.refreshListing([added.id])
}

/** Some of the directory is told to the store, the rest is found by comparing everything. */
async function redescribe(seed: number): Promise<void> {
  for (const [n, drawn] of draw(fc.tuple(fc.nat(providers.length - 1), provider), 12, seed).entries()) {
    const [place, changed] = drawn
    const old = providers[place]
    if (!old) continue
    providers[place] = { id: old.id, ...changed }
    await enterInDirectory({ id: old.id, ...changed })
    if (n % 2 === 0) await real.refreshListing([old.id])
  }
  const [gone] = providers.splice(seed % providers.length, 1)
  if (gone) await sql('delete from cards where id = $1', [gone.id])
  const [dead] = providers.splice((3 * seed) % providers.length, 1)
  if (dead) {
    model.deleteUser(dead.id)
    await sql('delete from cards where id = $1', [dead.id])
    await sql('delete from users where id = $1', [dead.id])
  }
  for (let after: string | null = null; ; ) {
    const { last } = await real.refreshListingAfter(after, 100)
    if (last === null) break
    after = last
  }
  expect(await real.recountListing()).toBe(0)
}

async function enterInDirectory({ id, name, city_id, service_ids = [], rating, price }: MemoryProvider): Promise<void> {
  await sql('delete from offers where user_id = $1', [id])
  await sql(
    `insert into cards values ($1, $2, $3, $4::int[], $5, $6) on conflict (id) do update set
      name = excluded.name, city_id = excluded.city_id, service_ids = excluded.service_ids,
      rating = excluded.rating, price = excluded.price`,
    [id, name, city_id, service_ids, rating, price],
  )
  await sql('insert into offers select $1, unnest($2::int[])', [id, service_ids])
}

/** The moment of the answer is of its own making in each store; everything else has to be equal. */
const comparable = ({ rows, more, counts }: ProviderPage) => ({ rows, more, counts })

async function compare(wanted: ProviderSearch): Promise<ProviderPage> {
  const [found, expected] = await Promise.all([real.findProviders(wanted), model.findProviders(wanted)])
  expect(comparable(found)).toEqual(comparable(expected))
  return found
}

describe('the search says what a plain evaluation of everybody says', () => {
  test.each(Array.from({ length: WORLDS }, (_, world) => world))('R30 R31 in world %i', async (world) => {
    await changeTheWorld(SEED + 10 * world)
    const hidden = fc.subarray(providers.map(({ id }) => id).slice(0, 6))
    const property = fc.asyncProperty(search, hidden, async ({ firstPages, ...wanted }, unstored) => {
      const shown: string[] = []
      let after: ProviderSearch['after'] = null
      for (let page = 0; page <= firstPages; page += 1) {
        const found = await compare({ ...wanted, hidden: unstored, shown, after })
        if (!found.more) break
        shown.push(...found.rows.map(({ userId }) => shortName(userId)))
        // Pages go on by who was shown, and behind a place once those are many.
        after = page === 0 ? null : (found.rows.at(-1)?.position ?? null)
      }
    })
    await fc.assert(property, { numRuns: QUERIES, seed: SEED + world })
  })
})
