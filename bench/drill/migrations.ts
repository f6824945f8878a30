import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { QueryTypes, Sequelize } from 'sequelize'
import { startEmbeddedPostgres } from '../../demo/server/embedded-postgres.ts'
import { backfillPresence } from '../../src/backfill-command.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import { migratePresence, rollbackPresence } from '../../src/store/postgres/migrate.ts'
import { alignColumns, number } from '../report/table.ts'
import { type HostLoad, type Met, startHostLoad } from './host-load.ts'

/** One thing that was done while the host went on. */
export interface DrillStep extends Met {
  readonly what: string
  readonly tookMs: number
  /** How often it gave way to somebody who had a table for long. */
  readonly gaveWay: number
}

export interface DrillOutcome {
  readonly users: number
  readonly steps: readonly DrillStep[]
  /** Whether PostgreSQL ever wrote the table of users anew. */
  readonly rewritten: boolean
}

/** Milliseconds of load alone, to compare with. */
const CALM_MS = 10_000
const PART = 50_000
const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }

/** Migrates up, fills in, and migrates down, while a host reads and writes its users. */
export async function runMigrationDrill(
  users: number,
  out: string,
  say: (what: string) => void,
): Promise<DrillOutcome> {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-drill-'))
  // As in production: what is written is on the disk.
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres') })
  const sequelize = new Sequelize(postgres.url, { logging: false })
  try {
    say(`${users.toLocaleString('en')} users`)
    await createUsers(sequelize, users)
    const load = await startHostLoad(postgres.url, users)
    try {
      return await writeDown(await drill(sequelize, users, load, say), out)
    } finally {
      await load.end()
    }
  } finally {
    await sequelize.close()
    await postgres.stop()
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function writeDown(outcome: DrillOutcome, out: string): Promise<DrillOutcome> {
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'migrations.json'), `${JSON.stringify(outcome, null, 2)}\n`)
  return outcome
}

async function drill(
  sequelize: Sequelize,
  users: number,
  load: HostLoad,
  say: (what: string) => void,
): Promise<DrillOutcome> {
  const steps: DrillStep[] = []
  const before = await fileOf(sequelize)
  let rewritten = false
  let gaveWay = 0
  const log = (line: string) => {
    if (line.includes('tries again')) gaveWay += 1
    say(line)
  }
  const step = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    say(what)
    gaveWay = 0
    const { met, tookMs } = await load.during(work)
    steps.push({ what, tookMs, gaveWay, ...met })
    rewritten ||= (await fileOf(sequelize)) !== before
  }
  const host = { sequelize, ...HOST }
  const settings = { from: 'last_login_at', batch: '1000', pause: '1', maxLag: '10' }
  const tells = { progress: () => {}, say, signal: new AbortController().signal }
  await step('nothing', () => sleep(CALM_MS))
  await step('migrate', () => migratePresence({ ...host, log }))
  await step('backfill', () => backfillPresence(host, settings, tells))
  await addSessions(sequelize, users)
  await step('roll the newest three back', () => rollbackPresence({ ...host, log, steps: 3 }))
  await step('migrate again, with a session for each user', () => migratePresence({ ...host, log }))
  await step('roll all back', () => rollbackPresence({ ...host, log, steps: 'all' }))
  await step('nothing again', () => sleep(CALM_MS))
  return { users, steps, rewritten }
}

async function createUsers(sequelize: Sequelize, users: number): Promise<void> {
  await sequelize.query(
    'create table users (id uuid primary key, name text not null, email text not null, last_login_at timestamptz)',
  )
  await inParts(users, (bind) =>
    sequelize.query(
      `insert into users select md5(n::text)::uuid, 'user ' || n, 'user' || n || '@example.org', now() - n * interval '1 second'
      from generate_series($1::int, $2::int) n`,
      { bind },
    ),
  )
  await sequelize.query('analyze users')
}

const addSessions = (sequelize: Sequelize, users: number): Promise<void> =>
  inParts(users, (bind) =>
    sequelize.query(
      `insert into user_sessions (id, user_id, socket_id, connected_at, last_ping, is_active)
      select gen_random_uuid(), md5(n::text)::uuid, 'socket ' || n, now() - n * interval '1 second', now(), false
      from generate_series($1::int, $2::int) n`,
      { bind },
    ),
  )

async function inParts(count: number, insert: (bounds: [number, number]) => Promise<unknown>): Promise<void> {
  for (let from = 1; from <= count; from += PART) await insert([from, Math.min(count, from + PART - 1)])
}

async function fileOf(sequelize: Sequelize): Promise<string | undefined> {
  const sql = `select pg_relation_filenode('users')::text as file`
  const [found] = await sequelize.query<{ file: string }>(sql, { type: QueryTypes.SELECT })
  return found?.file
}

const HEAD = ['meanwhile', 'took, s', 'statements', 'failed', 'p99, ms', 'longest, ms', 'longest lock, ms', 'gave way']

export function drillTable({ users, steps, rewritten }: DrillOutcome): string {
  const rows = steps.map(({ what, tookMs, statements, failed, p99Ms, longestMs, lockedMs, gaveWay }) => [
    what,
    number(tookMs / 1_000),
    number(statements),
    String(failed),
    number(p99Ms),
    number(longestMs),
    number(lockedMs),
    String(gaveWay),
  ])
  const table = alignColumns([HEAD, HEAD.map(() => '-'), ...rows])
  const longest = Math.max(...steps.map(({ lockedMs }) => lockedMs))
  const written = rewritten ? '**was written anew**' : 'was not written anew'
  return `${table}\n\n${users.toLocaleString('en')} users; longest blocked statement ${number(longest)} ms; the table of users ${written}.`
}
