import { setTimeout as sleep } from 'node:timers/promises'
import type { Sequelize } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { ADVISORY_LOCKS } from './advisory-locks.ts'
import { type Database, openDatabase, sqlStateOf } from './database.ts'
import { dedicated } from './dedicated.ts'
import type { HostUsers } from './host-users.ts'

/** How long a migration gets in the way of others, and how long it tries. */
export interface Patience {
  /** Milliseconds for which it waits for a lock. All who want to use that table wait behind it meanwhile. @default 300 */
  readonly lockTimeoutMs?: number
  /** Milliseconds after which it gives up, with nothing half-done. @default 600_000 */
  readonly giveUpMs?: number
}

/** The one connection that changes the schema, while no other node does. */
export interface MigrationSession {
  /** Outside of transactions. */
  readonly database: Database
  /** Does it in one transaction, or not at all and again a little later when somebody is in the way. */
  patiently<Result>(work: (inside: Database) => Promise<Result>): Promise<Result>
  readonly log: (line: string) => void
}

/** Short: whoever waits for all of a table holds up all who come after it. */
export const LOCK_TIMEOUT_MS = 300

const LOOK_AGAIN_MS = 200

/**
 * Waits until no other node migrates, and keeps it so. PostgreSQL lets go of it when this process ends, however it does.
 *
 * The lock belongs to a connection rather than to a transaction: an index that is built beside writers waits for every transaction that is
 * older, and would wait for one that waits for us.
 */
export async function withMigrationSession<Result>(
  sequelize: Sequelize,
  users: HostUsers,
  { lockTimeoutMs = LOCK_TIMEOUT_MS, giveUpMs = 600_000 }: Patience,
  log: (line: string) => void,
  work: (session: MigrationSession) => Promise<Result>,
): Promise<Result> {
  const own = dedicated(sequelize)
  const database = openDatabase(own)
  try {
    // A host may cut statements short for all its connections; building an index takes what it takes, and is in nobody's way.
    await database.rows('set statement_timeout = 0')
    await database.rows('set lock_timeout = 0')
    for (let isFirst = true; !(await takeLock(database)); isFirst = false) {
      if (isFirst) log('presence: another process migrates: waiting for it')
      await sleep(LOOK_AGAIN_MS)
    }
    const patiently: MigrationSession['patiently'] = (inTransaction) =>
      untilNobodyIsInTheWay({ log, lockTimeoutMs, giveUpMs, whoIs: () => findHolder(database, users) }, (lockMs) =>
        own.transaction(async (transaction) => {
          const inside = openDatabase(own, { transaction })
          await inside.rows(`set local lock_timeout = ${lockMs}`)
          // After a broken connection this one is another.
          if (!(await takeLock(inside, 'xact_')))
            throw new PresenceError('STORE_UNAVAILABLE', BROKEN, { retryable: true })
          return inTransaction(inside)
        }),
      )
    return await work({ database, patiently, log })
  } finally {
    await own.close()
  }
}

const BROKEN = 'The connection broke while migrating, and another process has taken over.'

async function takeLock(database: Database, scope: '' | 'xact_' = ''): Promise<boolean> {
  const sql = `select pg_try_advisory_${scope}lock($1) as taken`
  const [answer] = await database.rows<{ taken: boolean }>(sql, [ADVISORY_LOCKS.migrate])
  return answer?.taken ?? false
}

/** Lock not available in time; taken out to end a deadlock. */
const IN_THE_WAY = new Set(['55P03', '40P01'])
/** A rest is so many times as long as the wait was: others go on meanwhile. */
const RESTS = [2, 4, 8, 16]
const REST_AT_MOST_MS = 5_000
/** PostgreSQL takes its own autovacuum out of the way of whoever has waited for a second (`deadlock_timeout`), and of nobody else. */
const VACUUM_MS = 2_000

interface Trying {
  readonly log: (line: string) => void
  readonly lockTimeoutMs: number
  readonly giveUpMs: number
  readonly whoIs: () => Promise<Holder>
}

async function untilNobodyIsInTheWay<Result>(
  { log, lockTimeoutMs, giveUpMs, whoIs }: Trying,
  attempt: (lockMs: number) => Promise<Result>,
): Promise<Result> {
  const until = performance.now() + giveUpMs
  let lockMs = lockTimeoutMs
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt(lockMs)
    } catch (error) {
      if (!IN_THE_WAY.has(sqlStateOf(error) ?? '')) throw error
      const { who, isVacuum } = await whoIs()
      if (performance.now() > until) {
        const sentence = `The tables were in use for too long: ${who}. Nothing is half-done; migrate again later.`
        throw new PresenceError('STORE_UNAVAILABLE', sentence, { retryable: true, cause: error })
      }
      log(`presence: the tables are in use, gave way after ${lockMs} ms and tries again: ${who}`)
      await sleep(Math.min(REST_AT_MOST_MS, lockMs * (RESTS[tries] ?? 16)) * (0.75 + Math.random() / 2))
      lockMs = isVacuum ? Math.max(VACUUM_MS, lockTimeoutMs) : lockTimeoutMs
    }
  }
}

interface Holder {
  readonly who: string
  /** Something that maintains the table, such as an autovacuum. */
  readonly isVacuum: boolean
}

interface HolderRow {
  readonly pid: number
  readonly name: string | null
  readonly seconds: number | null
  readonly is_vacuum: boolean
}

const HOLDER = `
  select a.pid, nullif(a.application_name, '') as name, extract(epoch from now() - a.xact_start)::int as seconds,
    bool_or(l.mode = 'ShareUpdateExclusiveLock') over () as is_vacuum
  from pg_locks l join pg_class c on c.oid = l.relation join pg_stat_activity a on a.pid = l.pid
  where l.granted and l.pid <> pg_backend_pid() and l.database = (select oid from pg_database where datname = current_database())
    and (c.oid = to_regclass($1) or c.relname like 'porchlight\\_%' or c.relname = 'user_sessions')
  order by a.xact_start nulls last limit 1`

/** Whose transaction has used one of the tables longest. */
async function findHolder(database: Database, { table }: HostUsers): Promise<Holder> {
  const [found] = await database.rows<HolderRow>(HOLDER, [table])
  if (!found) return { who: 'whoever it was is gone', isVacuum: false }
  const { pid, seconds, is_vacuum: isVacuum } = found
  const name = found.name === null ? '' : ` (${found.name})`
  const what = isVacuum ? ', a vacuum or the like among them' : ''
  return { who: `process ${pid}${name} of PostgreSQL has been at it for ${seconds ?? 'some'} s${what}`, isVacuum }
}
