import { QueryTypes, type Sequelize } from 'sequelize'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { migratePresence } from '../../src/store/postgres/migrate.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import type { DurableStore } from '../../src/store/contract.ts'
import { createTestDatabase } from './postgres.ts'
import { eavesdrop, type Statement } from './statements.ts'

export type { Statement } from './statements.ts'

export const SHARDS = 8
const USERS = 40_000
const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }

/** Which partitions of each table a statement read, and of which it locked rows to write: numbers, in order. */
export interface Reach {
  readonly read: Readonly<Record<string, readonly number[]>>
  readonly written: Readonly<Record<string, readonly number[]>>
}

/** The three tables of users, hash-partitioned by user id, and the store over them. */
export interface ShardedPostgres {
  readonly store: DurableStore
  /** Users by the partition in which they are. */
  readonly usersIn: readonly (readonly string[])[]
  /** Does something and tells the statements that the store ran for it. */
  statementsOf(work: (store: DurableStore) => Promise<unknown>): Promise<Statement[]>
  /** What PostgreSQL really does with it (EXPLAIN ANALYZE), undone afterwards. */
  reachOf(statement: Statement): Promise<Reach>
  drop(): Promise<void>
}

/** Tables made by our own migrations, then made anew as partitioned ones with the same columns. */
export async function shardPostgres(): Promise<ShardedPostgres> {
  const { sequelize, drop } = await createTestDatabase()
  await sequelize.query('create table users (id uuid primary key) partition by hash (id)')
  await split(sequelize, 'users')
  await migratePresence({ sequelize, ...HOST })
  await shard(sequelize, 'porchlight_presence', 'like whole including all', 'with (fillfactor = 50)')
  // A primary key of a partitioned table has the partition's key in it: `id` alone cannot be one any more.
  const sessions = 'like whole including defaults including constraints, primary key (user_id, id)'
  await shard(sequelize, 'user_sessions', sessions)
  const usersIn = await fill(sequelize)
  let heard: Statement[] = []
  const store = createDurableStore({
    sequelize: eavesdrop(sequelize, (statement) => heard.push(statement)),
    ...HOST,
    nodeId: 'a',
    directory: null,
  })
  return {
    store,
    usersIn,
    async statementsOf(work) {
      heard = []
      await work(store)
      return heard
    },
    reachOf: (statement) => explain(sequelize, statement),
    drop,
  }
}

async function shard(sequelize: Sequelize, table: string, columns: string, settings = ''): Promise<void> {
  await sequelize.query(`alter table ${table} rename to whole`)
  await sequelize.query(`create table ${table} (${columns}) partition by hash (user_id)`)
  await sequelize.query('drop table whole')
  await split(sequelize, table, settings)
  await sequelize.query(`alter table ${table} add foreign key (user_id) references users (id) on delete cascade`)
}

async function split(sequelize: Sequelize, table: string, settings = ''): Promise<void> {
  for (let n = 0; n < SHARDS; n++) {
    const values = `for values with (modulus ${SHARDS}, remainder ${n})`
    await sequelize.query(`create table ${table}_${n} partition of ${table} ${values} ${settings}`)
  }
}

async function fill(sequelize: Sequelize): Promise<string[][]> {
  const insert = 'insert into users (id) select md5(n::text)::uuid from generate_series(1, $1::int) n'
  await sequelize.query(insert, { bind: [USERS] })
  await sequelize.query('insert into porchlight_presence (user_id) select id from users')
  await sequelize.query(`insert into user_sessions (id, user_id, socket_id, connected_at, last_ping)
    select gen_random_uuid(), id, 'socket', now(), now() from users`)
  // Without statistics the planner would guess, which is no plan of a running system.
  await sequelize.query('analyze')
  const places = await sequelize.query<{ id: string; place: string }>(
    'select id::text, tableoid::regclass::text as place from users order by id',
    { type: QueryTypes.SELECT },
  )
  return Array.from({ length: SHARDS }, (_, n) =>
    places.filter(({ place }) => place === `users_${n}`).map(({ id }) => id),
  )
}

interface PlanNode {
  readonly 'Relation Name'?: string
  /** 0 for a part that was planned and pruned when it ran. */
  readonly 'Actual Loops': number
  readonly Plans?: readonly PlanNode[]
}

async function explain(sequelize: Sequelize, { sql, bind }: Statement): Promise<Reach> {
  const transaction = await sequelize.transaction()
  try {
    const rows = <Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> => {
      const bound = values.length === 0 ? {} : { bind: [...values] }
      return sequelize.query<Row>(text, { ...bound, transaction, type: QueryTypes.SELECT })
    }
    const explained = `explain (analyze, costs off, timing off, summary off, buffers off, format json) ${sql}`
    const [answer] = await rows<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(explained, bind)
    if (!answer) throw new Error('PostgreSQL explained nothing')
    // Rows go to their partition by their key; which ones those were, the locks tell.
    const locks = await rows<{ name: string }>(
      `select relation::regclass::text as name from pg_locks where pid = pg_backend_pid() and mode = 'RowExclusiveLock'`,
    )
    return {
      read: byTable(scanned(answer['QUERY PLAN'][0].Plan)),
      written: byTable(locks.map(({ name }) => name)),
    }
  } finally {
    await transaction.rollback()
  }
}

/** Relations that were read, not those that were planned and left out. */
function scanned(node: PlanNode): string[] {
  const name = node['Relation Name']
  const own = name === undefined || node['Actual Loops'] === 0 ? [] : [name]
  return [...own, ...(node.Plans ?? []).flatMap(scanned)]
}

/** Numbers of partitions by table; parents and indexes are left out. */
function byTable(names: readonly string[]): Record<string, number[]> {
  const tables: Record<string, Set<number>> = {}
  for (const name of names) {
    const [, table, number] = /^(users|porchlight_presence|user_sessions)_(\d)$/.exec(name) ?? []
    if (table !== undefined) (tables[table] ??= new Set()).add(Number(number))
  }
  return Object.fromEntries(
    Object.entries(tables).map(([table, numbers]) => [table, [...numbers].sort((a, b) => a - b)]),
  )
}
