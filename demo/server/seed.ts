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
 * Fills the directory with the same people every time; whoever is there already stays as they are, so that a larger
 * seed adds to a smaller one. One node at a time; a seed that is interrupted leaves nothing.
 *
 * @returns how many users were added
 */
export function seedMarketplace(sequelize: Sequelize, options: SeedOptions = {}): Promise<number> {
  return alone(sequelize, (transaction) => insertAll(sequelize, transaction, options))
}

/** Seeds an empty directory. @returns how many users were added: 0 when somebody is there already */
export function seedIfEmpty(sequelize: Sequelize, options: SeedOptions = {}): Promise<number> {
  return alone(sequelize, async (transaction) => {
    const sql = 'select 1 from users limit 1'
    const anybody = await sequelize.query(sql, { transaction, type: QueryTypes.SELECT, logging: false })
    return anybody.length > 0 ? 0 : insertAll(sequelize, transaction, options)
  })
}

function alone<T>(sequelize: Sequelize, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  return sequelize.transaction(async (transaction) => {
    const bind = [ADVISORY_LOCKS.seed]
    await sequelize.query('select pg_advisory_xact_lock($1)', { bind, transaction, logging: false })
    return work(transaction)
  })
}

type Insert = (sql: string, rows: readonly object[]) => Promise<number>

async function insertAll(sequelize: Sequelize, transaction: Transaction, options: SeedOptions): Promise<number> {
  const { providers = 5_000, clients = 200, staff = 1, onProgress } = options
  const insert: Insert = async (sql, rows) => {
    const bind = [JSON.stringify(rows)]
    const [, result] = await sequelize.query(sql, { bind, transaction, logging: false })
    return rowCountOf(result)
  }
  const places = seedPlaces()
  await insert(CITY_SQL, places)
  await insert(
    SERVICE_SQL,
    TRADES.map(({ name, plural, slug }, index) => ({ id: index + 1, name, plural, slug })),
  )

  const members = [
    ...many(staff, (index) => seedMember('staff', index)),
    ...many(clients, (i) => seedMember('client', i)),
  ]
  let added = 0
  for (let from = 0; from < members.length; from += BATCH) {
    added += await insert(USER_SQL, members.slice(from, from + BATCH))
  }
  for (let from = 0; from < providers; from += BATCH) {
    const batch = many(Math.min(BATCH, providers - from), (index) => seedProvider(from + index))
    added += await insertProviders(insert, batch, places)
    onProgress?.(members.length + from + batch.length, members.length + providers)
  }
  return added
}

async function insertProviders(
  insert: Insert,
  batch: readonly SeedProvider[],
  places: readonly Place[],
): Promise<number> {
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
