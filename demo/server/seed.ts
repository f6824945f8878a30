import { QueryTypes, type Sequelize, type Transaction } from 'sequelize'
import { ADVISORY_LOCKS } from './schema.ts'
import { TRADES } from './seed-data.ts'
import { type SeedProvider, type SeedUser, seedMember, seedProvider } from './seed-people.ts'
import { type Place, seedPlaces } from './seed-places.ts'

export interface SeedOptions {
  /** @default 5_000 */
  readonly providers?: number
  /** @default 200 */
  readonly clients?: number
  /** @default 1 */
  readonly staff?: number
  /** Called after every batch with how many people there are, of how many. */
  readonly onProgress?: (done: number, total: number) => void
}

/** People per statement: large enough that the round trip does not count, small enough to stay out of the way. */
const BATCH = 2_000

/**
 * Fills the directory with the same people every time; whoever is there already stays as they are, so that a larger seed adds to a
 * smaller one. Every batch is stored by itself, whole people or none: one that is interrupted goes on when it is asked for again, and
 * a seed that runs beside it adds nobody twice. Memory does not grow with the number of people.
 *
 * @returns how many users were added
 */
export async function seedMarketplace(sequelize: Sequelize, options: SeedOptions = {}): Promise<number> {
  let added = 0
  for (const batch of batchesOf(options)) {
    added += await alone(sequelize, (insert) => batch.store(insert))
    options.onProgress?.(batch.done, batch.total)
  }
  return added
}

/**
 * Seeds an empty directory, all of it or nothing: a directory with somebody in it is taken for the host's own.
 *
 * @returns how many users were added: 0 when somebody is there already
 */
export function seedIfEmpty(sequelize: Sequelize, options: SeedOptions = {}): Promise<number> {
  return alone(sequelize, async (insert, transaction) => {
    const sql = 'select 1 from users limit 1'
    const anybody = await sequelize.query(sql, { transaction, type: QueryTypes.SELECT, logging: false })
    if (anybody.length > 0) return 0
    let added = 0
    for (const batch of batchesOf(options)) {
      added += await batch.store(insert)
      options.onProgress?.(batch.done, batch.total)
    }
    return added
  })
}

type Insert = (sql: string, rows: readonly object[]) => Promise<number>

/** One transaction that no other seed runs beside. */
function alone<T>(sequelize: Sequelize, work: (insert: Insert, transaction: Transaction) => Promise<T>): Promise<T> {
  return sequelize.transaction(async (transaction) => {
    const bind = [ADVISORY_LOCKS.seed]
    await sequelize.query('select pg_advisory_xact_lock($1)', { bind, transaction, logging: false })
    return work(async (sql, rows) => {
      const values = [JSON.stringify(rows)]
      const [, result] = await sequelize.query(sql, { bind: values, transaction, logging: false })
      return rowCountOf(result)
    }, transaction)
  })
}

interface Batch {
  /** People up to and with this batch, of how many. */
  readonly done: number
  readonly total: number
  /** @returns how many users were added */
  store(insert: Insert): Promise<number>
}

/** Everybody, made as they are needed. */
function* batchesOf({ providers = 5_000, clients = 200, staff = 1 }: SeedOptions): Generator<Batch> {
  const places = seedPlaces()
  const total = staff + clients + providers
  let done = 0
  for (const [role, count] of [
    ['staff', staff],
    ['client', clients],
  ] as const) {
    for (const { from, size } of parts(count)) {
      const members = many(size, (index) => seedMember(role, from + index))
      yield { done: (done += size), total, store: (insert) => insert(USER_SQL, members) }
    }
  }
  for (const { from, size } of parts(providers)) {
    const people = many(size, (index) => seedProvider(from + index))
    yield { done: (done += size), total, store: (insert) => insertProviders(insert, people, places) }
  }
}

function* parts(count: number): Generator<{ readonly from: number; readonly size: number }> {
  for (let from = 0; from < count; from += BATCH) yield { from, size: Math.min(BATCH, count - from) }
}

async function insertProviders(
  insert: Insert,
  batch: readonly SeedProvider[],
  places: readonly Place[],
): Promise<number> {
  await insert(CITY_SQL, places)
  await insert(SERVICE_SQL, SERVICES)
  const added = await insert(USER_SQL, batch.map(userOf))
  const rows = batch.map((provider) => ({
    ...provider,
    city_id: places[provider.city]?.id,
    service_id: (provider.trades[0] ?? 0) + 1,
  }))
  await insert(PROVIDER_SQL, rows)
  const offers = batch.flatMap(({ id, trades }) => trades.map((trade) => ({ user_id: id, service_id: trade + 1 })))
  await insert(OFFER_SQL, offers)
  return added
}

const SERVICES = TRADES.map(({ name, plural, slug }, index) => ({ id: index + 1, name, plural, slug }))

const userOf = ({ id, name, role, created_at }: SeedUser): SeedUser => ({ id, name, role, created_at })

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** Sequelize hands on what the driver said, in one of two shapes, untyped. */
function rowCountOf(result: unknown): number {
  if (typeof result === 'number') return result
  const count = typeof result === 'object' && result !== null && 'rowCount' in result ? result.rowCount : 0
  return typeof count === 'number' ? count : 0
}

const CITY_SQL = `
  insert into cities (id, name, country_code, country, population)
  select id, name, country_code, country, population
  from json_to_recordset($1::json) as t(id int, name text, country_code text, country text, population int)
  on conflict do nothing`

const SERVICE_SQL = `
  insert into services (id, name, plural, slug)
  select id, name, plural, slug from json_to_recordset($1::json) as t(id int, name text, plural text, slug text)
  on conflict do nothing`

const USER_SQL = `
  insert into users (id, name, role, created_at)
  select id, name, role, created_at
  from json_to_recordset($1::json) as t(id uuid, name text, role text, created_at timestamptz)
  on conflict do nothing`

const PROVIDER_SQL = `
  insert into providers (user_id, city_id, service_id, rating, reviews, price, about, simulated)
  select id, city_id, service_id, rating, reviews, price, about, simulated
  from json_to_recordset($1::json) as t(
    id uuid, city_id int, service_id int, rating numeric, reviews int, price int, about text, simulated boolean)
  on conflict do nothing`

const OFFER_SQL = `
  insert into provider_services (user_id, service_id)
  select user_id, service_id from json_to_recordset($1::json) as t(user_id uuid, service_id int)
  on conflict do nothing`
