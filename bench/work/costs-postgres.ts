import { randomUUID } from 'node:crypto'
import { QueryTypes, Sequelize } from 'sequelize'
import { migrateMarketplace } from '../../demo/server/schema.ts'
import type { CostName } from '../../src/capacity/unit-costs.ts'
import { NO_CHOICE } from '../../src/domain/presence.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import type { DurableStore, SessionRow } from '../../src/store/contract.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { migratePresence } from '../../src/store/postgres/migrate.ts'
import { seededChance } from '../chance.ts'
import { readCpuMs } from '../processes/cpu.ts'
import type { World } from '../world.ts'
import { recordOf } from './record-of.ts'

type PostgresCost = Extract<
  CostName,
  | 'projectStatementUs'
  | 'projectRowUs'
  | 'activityRowUs'
  | 'sessionStatementUs'
  | 'sessionRowUs'
  | 'decisionUs'
  | 'loadUs'
  | 'vacuumRowUs'
  | 'walBytes'
  | 'presenceRowBytes'
  | 'sessionRowBytes'
>

/** Rows of a statement when a node has little to do, and when it has much. */
const FEW = 20
const MANY = 500
/** The share of users who are present, and active, at once. */
const PRESENT = 0.05
const DATABASE = 'porchlight_costs'
const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }

const size = (quick: boolean) =>
  quick ? { users: 20_000, rows: 2_000, sessions: 5_000 } : { users: 200_000, rows: 12_000, sessions: 25_000 }

interface Bench {
  readonly sequelize: Sequelize
  readonly store: DurableStore
  readonly userIds: readonly string[]
  /** CPU milliseconds of the whole PostgreSQL server while it does this. */
  cpuOf(work: () => Promise<unknown>): Promise<number>
  number(sql: string): Promise<number>
}

/** Measures PostgreSQL alone, by the statements that the store really runs, over many users in a database of their own. */
export async function measurePostgres(
  world: World,
): Promise<{ costs: Readonly<Record<PostgresCost, number>>; storedUsers: number; rowsPerSecond: number }> {
  const { users, rows, sessions } = size(world.quick)
  const admin = new Sequelize(world.databaseUrl, { logging: false })
  await admin.query(`create database ${DATABASE}`)
  const bench = await open(world.databaseUrl.replace(/\/[^/]*$/, `/${DATABASE}`), users)
  try {
    const sizes = await measureSizes(bench, users, sessions)
    const { rowsPerSecond, ...work } = await measureStatements(bench, rows)
    const costs = { ...sizes, ...work, vacuumRowUs: await measureVacuum(bench, users) }
    return { costs, storedUsers: users, rowsPerSecond }
  } finally {
    await bench.sequelize.close()
    await admin.query(`drop database ${DATABASE} with (force)`)
    await admin.close()
  }
}

async function open(url: string, users: number): Promise<Bench> {
  // One connection: a process that ended meanwhile would take what it used with it.
  const sequelize = new Sequelize(url, { logging: false, pool: { max: 1, idle: 600_000 } })
  await migrateMarketplace(sequelize)
  await migratePresence({ sequelize, ...HOST })
  for (const table of ['users', 'porchlight_presence', 'user_sessions']) {
    await sequelize.query(`alter table ${table} set (autovacuum_enabled = false)`)
  }
  const sql = `insert into users (id, name, role)
    select md5(n::text)::uuid, 'person ' || n, 'client' from generate_series(1, $1::int) as n returning id::text`
  const rows = await sequelize.query<{ id: string }>(sql, { bind: [users], type: QueryTypes.SELECT })
  const first = async (text: string) => (await sequelize.query<object>(text, { type: QueryTypes.SELECT }))[0] ?? {}
  const cpuMs = async (): Promise<number> => {
    const pids = await sequelize.query<{ pid: number }>('select pid from pg_stat_activity', { type: QueryTypes.SELECT })
    return pids.reduce((sum, { pid }) => sum + (readCpuMs(pid) ?? Number.NaN), 0)
  }
  return {
    sequelize,
    store: createDurableStore({ sequelize, ...HOST, nodeId: 'costs', directory: null }),
    userIds: rows.map(({ id }) => id),
    async cpuOf(work) {
      const before = await cpuMs()
      await work()
      return (await cpuMs()) - before
    },
    number: async (text) => Number(Object.values(await first(text))[0]),
  }
}

/** Fills the tables through the store, and looks how large they are. */
async function measureSizes({ store, userIds, number }: Bench, users: number, sessions: number) {
  const now = Date.now()
  await inBatches(userIds, 2_000, (ids) => store.project(ids.map((id) => recordOf(id, false, now))))
  await inBatches(userIds.slice(0, sessions), 1_000, (ids) => store.saveSessions(ids.map((id) => sessionOf(id, now))))
  const bytesOf = (table: string) => number(`select pg_total_relation_size('${table}')`)
  return {
    presenceRowBytes: (await bytesOf('porchlight_presence')) / users,
    sessionRowBytes: (await bytesOf('user_sessions')) / sessions,
  }
}

async function measureStatements(bench: Bench, rows: number) {
  const { store, cpuOf, number } = bench
  const draw = drawUsers(bench.userIds)
  const drawPresent = drawUsers(bench.userIds.slice(0, bench.userIds.length * PRESENT))
  const present = new Set<string>()
  let moment = Date.now()
  /** @returns microseconds of CPU per row */
  const perRow = async (
    count: number,
    batch: number,
    write: (ids: string[]) => Promise<unknown>,
    drawn = draw,
  ): Promise<number> => {
    const batches = Array.from({ length: Math.ceil(count / batch) }, () => drawn(batch))
    const cpuMs = await cpuOf(async () => {
      for (const ids of batches) await write(ids)
    })
    return (cpuMs * 1_000) / (batches.length * batch)
  }
  const comeAndGo = (ids: string[]) => {
    moment += 1_000
    for (const id of ids) if (!present.delete(id)) present.add(id)
    return store.project(ids.map((id) => recordOf(id, present.has(id), moment)))
  }
  const stayActive = (ids: readonly string[]) => store.project(ids.map((id) => recordOf(id, true, (moment += 1))))
  const arrive = (ids: string[]) => store.saveSessions(ids.map((id) => sessionOf(id, Date.now())))
  const decide = ([id = '']: string[]) => {
    const choice = { ...NO_CHOICE, status: 'dnd', message: 'On a roof', version: (moment += 1) * 1_000 } as const
    return store.saveDecision({ kind: 'choice', userId: id, choice })
  }
  await perRow(rows / 5, FEW, comeAndGo)
  const few = await perRow(rows / 3, FEW, comeAndGo)
  const walBefore = await number(`select pg_current_wal_lsn() - '0/0'`)
  const since = performance.now()
  const many = await perRow(rows, MANY, comeAndGo)
  const rowsPerSecond = (1_000 * rows) / (performance.now() - since)
  const walBytes = ((await number(`select pg_current_wal_lsn() - '0/0'`)) - walBefore) / rows
  await inBatches(bench.userIds.slice(0, bench.userIds.length * PRESENT), MANY, stayActive)
  const project = split(few, many)
  const session = split(await perRow(rows / 3, FEW, arrive), await perRow(rows, MANY, arrive))
  return {
    rowsPerSecond,
    projectStatementUs: project.statement,
    projectRowUs: project.row,
    walBytes,
    activityRowUs: await perRow(rows, MANY, stayActive, drawPresent),
    sessionStatementUs: session.statement,
    sessionRowUs: session.row,
    decisionUs: await perRow(rows / 10, 1, decide),
    loadUs: await perRow(rows, FEW, (ids) => store.load(ids)),
  }
}

/** A fifth of the rows dies, as much as PostgreSQL waits for by default; then they are cleaned up. */
async function measureVacuum({ sequelize, cpuOf }: Bench, users: number): Promise<number> {
  await sequelize.query('vacuum users, porchlight_presence')
  await sequelize.query(`update porchlight_presence set version = version + 1,
    status = case status when 'offline' then 'online' else 'offline' end where user_id < '33333333-3333-3333-3333-333333333333'`)
  await sequelize.query(`update users set online_status = 'away' where id < '33333333-3333-3333-3333-333333333333'`)
  const cpuMs = await cpuOf(() => sequelize.query('vacuum users, porchlight_presence'))
  return (cpuMs * 1_000) / (users / 5)
}

/** What a statement costs, and what each of its rows, from batches of two sizes. */
function split(few: number, many: number): { statement: number; row: number } {
  const statement = (few - many) / (1 / FEW - 1 / MANY)
  return { statement, row: many - statement / MANY }
}

function drawUsers(userIds: readonly string[]): (count: number) => string[] {
  const chance = seededChance(7)
  return (count) => {
    const drawn = new Set<string>()
    while (drawn.size < count) drawn.add(userIds[Math.floor(chance() * userIds.length)] ?? '')
    return [...drawn]
  }
}

async function inBatches<Item>(
  items: readonly Item[],
  batch: number,
  work: (items: readonly Item[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < items.length; from += batch) await work(items.slice(from, from + batch))
}

const sessionOf = (userId: string, at: number): SessionRow => ({
  sessionId: randomUUID(),
  userId,
  socketId: 'yBcK0hVxPqT3m2ZfAAAB',
  deviceType: 'web',
  ipAddress: '203.0.113.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  connectedAt: at,
  lastPing: at,
  isActive: true,
})
