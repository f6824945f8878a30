import { QueryTypes } from 'sequelize'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { uuidIds } from '../../src/domain/user-id.ts'
import type { DurableStore, ProviderPage, ProviderSearch } from '../../src/store/contract.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { migratePresence } from '../../src/store/postgres/migrate.ts'
import { EVERYBODY } from '../contract/durable-store-search.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { eavesdrop, type Statement } from '../support/statements.ts'

// Five thousand in each city, a quarter of them for each service.
const PEOPLE = 60_000
const CITIES = 12
const SERVICES = 8

interface World {
  readonly store: DurableStore
  /** Runs the search and tells what PostgreSQL read for it. */
  planOf(search: Partial<ProviderSearch>): Promise<{ readonly page: ProviderPage; readonly nodes: readonly PlanNode[] }>
  drop(): Promise<void>
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

let world: World
let now: number

beforeAll(async () => {
  world = await openWorld(PEOPLE)
  now = Date.now()
}, 120_000)
afterAll(() => world.drop())

/**
 * A tenth is present, a third of them online; the others were seen over the last thirty days. All of it is drawn apart from each other, so
 * that each city has its share of everything.
 */
const FILL = `
  insert into porchlight_presence (user_id, status, public_status, public_last_seen, public_activity, public_version, city, services, rating, price)
  select md5(n::text)::uuid, status, status, seen, seen, n, (n % $2)::text,
    array[(draw[1] % $3)::text, ((draw[1] + 1 + draw[2] % ($3 - 1)) % $3)::text], 5 - (draw[3] % 20) / 10.0, 20 + draw[4] % 60
  from generate_series(1, $1::int) n,
    lateral (select array_agg(abs(hashint4(n + salt * 1000003))) as draw from generate_series(1, 6) salt) drawn,
    lateral (select (array['online', 'away', 'dnd', 'offline'])[case when draw[5] % 10 = 0 then 1 + (draw[5] / 10) % 3 else 4 end] as status,
      now() - (draw[6] % 720) * interval '1 hour' as seen) were
  order by md5(n::text)`
const COPY = `
  insert into porchlight_directory select md5(n::text)::uuid, 'person ' || n || ' of ' || md5(n::text), '{}', '' from generate_series(1, $1::int) n`

async function openWorld(people: number): Promise<World> {
  const database = await createTestDatabase()
  const { sequelize } = database
  await sequelize.query('create table users (id uuid primary key)')
  await sequelize.query('create table cards (id uuid, city_id text, rating float8, price float8)')
  const host = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
  await migratePresence({ sequelize, ...host })
  await sequelize.query('insert into users select md5(n::text)::uuid from generate_series(1, $1::int) n', {
    bind: [people],
  })
  await sequelize.query(FILL, { bind: [people, CITIES, SERVICES] })
  await sequelize.query(COPY, { bind: [people] })
  let heard: Statement[] = []
  const providers = { table: 'cards', id: 'id', city: 'city_id', rating: 'rating', price: 'price', fields: [] }
  const store = createDurableStore({
    sequelize: eavesdrop(sequelize, (statement) => heard.push(statement)),
    ...host,
    nodeId: 'a',
    directory: { providers, cityType: 'text', serviceType: 'text' },
  })
  await store.recountListing()
  await sequelize.query('vacuum analyze')
  return {
    store,
    async planOf(search) {
      heard = []
      const page = await store.findProviders({ ...EVERYBODY, ...search })
      expect(heard).toHaveLength(1)
      return { page, nodes: await explain(database, heard[0] ?? { sql: '', bind: [] }) }
    },
    drop: () => database.drop(),
  }
}

async function explain({ sequelize }: TestDatabase, { sql, bind }: Statement): Promise<PlanNode[]> {
  const [answer] = await sequelize.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, format json) ${sql}`,
    {
      bind: [...bind],
      type: QueryTypes.SELECT,
    },
  )
  const flat = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)]
  return answer ? flat(answer['QUERY PLAN'][0].Plan) : []
}

/** Rows of a table that were looked at, whether they were wanted or not. */
const rowsRead = (nodes: readonly PlanNode[], table: string): number =>
  nodes
    .filter((node) => node['Relation Name'] === table)
    .reduce(
      (sum, node) => sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
      0,
    )

/** Tables that were read from end to end. The counts may be: they are a few rows for each city, however many people there are. */
const wholeTables = (nodes: readonly PlanNode[]): (string | undefined)[] =>
  nodes
    .filter((node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] !== 'porchlight_counts')
    .map((node) => node['Relation Name'])

const HOUR = 3_600_000
const HOT = { cityId: '1', serviceId: '1' }

/** Every shape of a search, with the rows it may read: a page behind a filter that one in so many pass, several walks, never a city. */
const SHAPES: readonly [name: string, search: () => Partial<ProviderSearch>, mayRead: number][] = [
  ['a city and a service', () => HOT, 300],
  ['online', () => ({ ...HOT, statuses: ['online'] }), 300],
  ['online or away', () => ({ ...HOT, statuses: ['online', 'away'] }), 300],
  ['online or dnd', () => ({ ...HOT, statuses: ['online', 'dnd'] }), 400],
  ['offline', () => ({ ...HOT, statuses: ['offline'] }), 300],
  ['seen within an hour', () => ({ ...HOT, seenSince: now - HOUR }), 300],
  ['active within a day', () => ({ ...HOT, activeSince: now - 24 * HOUR }), 300],
  ['both', () => ({ ...HOT, seenSince: now - 24 * HOUR, activeSince: now - 24 * HOUR }), 300],
  ['by rating', () => ({ ...HOT, sort: 'rating' }), 300],
  ['by price', () => ({ ...HOT, sort: 'price' }), 300],
  ['online by rating', () => ({ ...HOT, sort: 'rating', statuses: ['online'] }), 3_000],
  ['well rated', () => ({ ...HOT, rating: { min: 4.5, max: null } }), 1_200],
  ['a price range', () => ({ ...HOT, price: { min: 20, max: 40 } }), 1_200],
  ['a rare name', () => ({ ...HOT, name: 'person 4021 of', serviceId: null }), 300],
  ['a common name', () => ({ ...HOT, name: 'person' }), 300],
  ['a second page', () => ({ ...HOT, shown: Array.from({ length: 20 }, (_, n) => `shown${n}`) }), 600],
  ['a city alone', () => ({ cityId: '1' }), 100],
  ['a service alone', () => ({ serviceId: '1' }), 300 * CITIES],
  ['nothing at all', () => ({}), 100 * CITIES],
  ['the place that nobody is at', () => ({ cityId: 'nowhere', serviceId: '1' }), 0],
]

/**
 * Every filter, with the share of a city that its conditions on the provider leave, the share that presence leaves, and whether anybody is
 * to be found: what is read lies below the smaller of "walk until the page is full" and "look at everybody whose presence fits".
 */
const FILTERS: readonly [
  name: string,
  filter: () => Partial<ProviderSearch>,
  share: number,
  crowd: number,
  findsNobody?: true,
][] = [
  ['everybody', () => ({}), 1, 1],
  ['online', () => ({ statuses: ['online'] }), 1 / 30, 1 / 30],
  ['online or dnd', () => ({ statuses: ['online', 'dnd'] }), 1 / 15, 1 / 15],
  ['offline', () => ({ statuses: ['offline'] }), 0.9, 0.9],
  ['seen within an hour', () => ({ seenSince: now - HOUR }), 0.1, 0.1],
  ['active within a day', () => ({ activeSince: now - 24 * HOUR }), 0.06, 0.13],
  ['away and active', () => ({ statuses: ['away'], activeSince: now - 24 * HOUR }), 0.001, 1 / 30],
  ['seen and active', () => ({ seenSince: now - HOUR, activeSince: now - 24 * HOUR }), 0.03, 0.2],
  ['well rated', () => ({ rating: { min: 4.5, max: null } }), 0.3, 1],
  ['badly rated', () => ({ rating: { min: null, max: 3.2 } }), 0.1, 1],
  ['cheap', () => ({ price: { min: null, max: 25 } }), 0.1, 1],
  ['dear', () => ({ price: { min: 70, max: null } }), 0.15, 1],
  ['cheap, good and online', () => ({ ...GOOD, statuses: ['online'] }), 0.001, 1 / 30],
  ['a name of many', () => ({ name: 'person' }), 1, 1],
  ['a name of many, online', () => ({ name: 'person', statuses: ['online'] }), 1 / 30, 1 / 30],
  ['a name of one', () => ({ name: 'person 4021 of' }), 0.001, 0.01, true],
  ['a name of nobody', () => ({ name: 'zzzzzz' }), 0.001, 0.01, true],
  ['two letters of many', () => ({ name: 'pe' }), 1, 1],
  ['two letters of nobody', () => ({ name: 'zz' }), 0.001, 0.01, true],
  ['one letter of nobody', () => ({ name: 'z' }), 0.001, 0.01, true],
]
const GOOD = { price: { min: null, max: 25 }, rating: { min: 4.5, max: null } }
const PLACES: readonly [name: string, where: Partial<ProviderSearch>, walks: number, share: number][] = [
  ['a city and a service', HOT, 1, 0.25],
  ['a city', { cityId: '1' }, 1, 1],
  ['a service', { serviceId: '1' }, CITIES, 0.25],
  ['everywhere', {}, CITIES, 1],
]
const COMBINED = FILTERS.flatMap(([name, filter, share, crowd, findsNobody]) =>
  PLACES.flatMap(([place, where, walks, offered]) =>
    (['availability', 'rating', 'price'] as const).map((sort) => ({
      name: `${name}, ${place}, by ${sort}`,
      search: () => ({ ...filter(), ...where, sort }),
      mayRead: 3 * walks * Math.min((EVERYBODY.limit + 1) / (share * offered), (crowd * PEOPLE) / CITIES),
      walks,
      findsNobody,
    })),
  ),
)

describe('what PostgreSQL reads for a search', () => {
  test('every filter in every order, with and without a city and a service', async () => {
    const tooMuch: string[] = []
    for (const { name, search, mayRead, walks, findsNobody } of COMBINED) {
      const { page, nodes } = await world.planOf(search())
      const read = rowsRead(nodes, 'porchlight_presence')
      if (read > mayRead) tooMuch.push(`${name}: ${read} rows, not ${Math.round(mayRead)}`)
      if (rowsRead(nodes, 'porchlight_directory') > 300 * walks) tooMuch.push(`${name}: too many names`)
      for (const table of wholeTables(nodes)) tooMuch.push(`${name}: all of ${table}`)
      // A world in which nobody is wanted would prove nothing.
      if (!findsNobody && page.rows.length === 0) tooMuch.push(`${name}: nobody found`)
    }
    expect(tooMuch).toEqual([])
  }, 120_000)

  test.each(SHAPES)(
    '%s: no table from end to end, and a number of rows that no crowd changes',
    async (_name, search, mayRead) => {
      const { nodes } = await world.planOf(search())
      expect(wholeTables(nodes)).toEqual([])
      expect(rowsRead(nodes, 'porchlight_presence')).toBeLessThanOrEqual(mayRead)
      expect(rowsRead(nodes, 'porchlight_counts')).toBeLessThanOrEqual(CITIES * (SERVICES + 1) * 2)
      expect(rowsRead(nodes, 'porchlight_directory')).toBeLessThanOrEqual(400)
    },
  )

  test('a deep page goes on at its place', async () => {
    const { page } = await world.planOf({ ...HOT, limit: 1_000 })
    const after = page.rows.at(-1)?.position ?? null
    const { nodes } = await world.planOf({ ...HOT, after })
    expect(rowsRead(nodes, 'porchlight_presence')).toBeLessThanOrEqual(300)
  })

  test('R32 somebody whose hiding is not stored yet costs one look at them more', async () => {
    const { page } = await world.planOf(HOT)
    const hidden = page.rows.slice(0, 2).map(({ userId }) => userId)
    const { nodes } = await world.planOf({ ...HOT, hidden })
    expect(rowsRead(nodes, 'porchlight_presence')).toBeLessThanOrEqual(300)
  })
})
