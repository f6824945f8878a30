import type { Sequelize } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { type Database, openDatabase, openTransactions } from './database.ts'
import { FIRST_ROW_COLUMNS } from './first-row.ts'
import { conflict, checkHostColumns, findHostColumns } from './host-columns.ts'
import { describeUsers, type HostUsers, type HostUsersOptions } from './host-users.ts'
import { quoteName } from './identifiers.ts'

export interface BackfillOptions extends HostUsersOptions {
  readonly sequelize: Sequelize
  /** The host's column that says when somebody logged in last. */
  readonly from: string
  /** Counts what would be written, and writes nothing. */
  readonly isDryRun: boolean
}

/** What a backfill has done so far, an interrupted run before this one included. */
export interface BackfillTotals {
  readonly looked: number
  readonly written: number
  /** Of those, whose last login is theirs alone to see: they hide, or are barred. */
  readonly withheld: number
  /** Users whose last login is not a moment in the past, and who were left out for that. */
  readonly ahead: number
  readonly isLast: boolean
}

/** A backfill, in steps that stand by themselves. */
export interface BackfillSteps {
  /** Roughly how many users there are. */
  size(): Promise<number>
  /** What an earlier run did that was interrupted. */
  begun(): Promise<BackfillTotals>
  /** Looks at the next so many users. @throws {PresenceError} STORE_UNAVAILABLE when it had to wait for too long */
  next(limit: number): Promise<BackfillTotals>
  /** How far the replica that is farthest behind is, in milliseconds; 0 without one, or when that may not be seen. */
  lagMs(): Promise<number>
}

/** Milliseconds for which a batch waits for rows that somebody else has locked, while others wait for its own. */
const LOCK_MS = 500
/** Milliseconds after which a batch is given up, to be tried again as a smaller one. */
const STATEMENT_MS = 5_000

/**
 * Fills in when users of whom presence knows nothing were here last, from the host's own last login: a row of ours, and `last_activity` of
 * the host's. What presence knows, it leaves alone (R13); of whoever hides, only they themself get to see it (R30, R32).
 *
 * @throws {PresenceError} INVALID_OPTION, SCHEMA_CONFLICT with a sentence on what is wrong with the column or the table
 */
export async function openBackfill({ sequelize, from, isDryRun, ...host }: BackfillOptions): Promise<BackfillSteps> {
  const database = openDatabase(sequelize)
  const users = describeUsers(host)
  const column = quoteName(from)
  await checkSource(database, users, from)
  const part = partSql(users, column)
  const job = `${host.usersTable}.${from}`
  return {
    size: () => sizeOf(database, users),
    ...(isDryRun ? countingSteps(database, part) : fillingSteps(sequelize, users, part, job)),
    lagMs: () => replicationLag(database),
  }
}

const TYPES = /^(timestamp(\(\d\))? with(out)? time zone|date)$/

async function checkSource(database: Database, users: HostUsers, from: string): Promise<void> {
  const columns = await findHostColumns(database, users)
  const [ours] = await database.rows<{ there: boolean }>(
    `select to_regclass('porchlight_backfill') is not null as there`,
  )
  if (!ours?.there) throw conflict('This database lacks what presence needs. Run porchlight migrate first.')
  await checkHostColumns(database, users)
  const type = columns.get(from)?.type
  if (type === undefined)
    throw conflict(`${users.table} has no column "${from}". Name the one with the last login with --from.`)
  if (!TYPES.test(type)) throw conflict(`${users.table}."${from}" is ${type}; a last login is a timestamp or a date.`)
}

/**
 * The CTE `filled`: users behind $1 in the order of their ids, at most $2, of whom presence knows nothing, with the moment that is to be
 * known of them, and as `shown` the same if others may know it. Whoever has something in `last_activity` keeps that. To the millisecond,
 * as presence itself writes it, so that nothing moves back by the rest.
 */
const partSql = ({ table, id, idType }: HostUsers, column: string): string => `
  with part as materialized (
    select u.${id} as user_id, u.last_activity as held, u.show_online_status as shows,
      date_trunc('milliseconds', u.${column}::timestamptz) as login
    from ${table} u where $1::${idType} is null or u.${id} > $1::${idType} order by u.${id} limit $2::int
  ), dated as (
    select *, coalesce(held, case when login > 'epoch' and login <= now() then login end) as at from part
  ), filled as (
    select dated.user_id, at, shows, case
      when shows and coalesce(p.visible, true)
        and not exists (select 1 from porchlight_access a where a.user_id = dated.user_id and a.bar is not null)
      then at end as shown
    from dated left join porchlight_presence p on p.user_id = dated.user_id
    where at is not null and (p.user_id is null or (p.version = 0 and p.last_seen is null and p.last_activity is null))
  )`

const TALLY = `
    (select count(*)::int from part) as looked,
    (select user_id::text from part order by user_id desc limit 1) as position,
    (select count(*)::int from dated where at is null and login is not null) as ahead`

interface PartRow {
  readonly looked: number
  readonly position: string | null
  readonly written: number
  readonly withheld: number
  readonly ahead: number
}

const countSql = (part: string): string => `
  ${part}
  select ${TALLY}, (select count(*)::int from filled) as written,
    (select count(*)::int from filled where shown is null) as withheld`

/**
 * Rows of ours first, then the host's, as everything that presence writes: nobody waits for each other in a ring. What somebody writes in
 * between is seen once their row is locked: a row that presence has written, or a switch that was turned off, is left alone.
 */
const fillSql = (part: string, { table, id }: HostUsers): string => `
  ${part}, stored as (
    insert into porchlight_presence as p (${FIRST_ROW_COLUMNS}, visible)
    select user_id, 0, at, at, at, shown, shown, shown, shown, shows from filled order by user_id
    on conflict (user_id) do update set
      last_seen = excluded.last_seen, last_activity = excluded.last_activity, own_last_seen = excluded.own_last_seen,
      kept_last_seen = excluded.kept_last_seen, kept_activity = excluded.kept_activity,
      public_last_seen = excluded.public_last_seen, public_activity = excluded.public_activity
    where p.version = 0 and p.last_seen is null and p.last_activity is null
      and (p.visible or excluded.public_last_seen is null)
    returning p.user_id, p.kept_activity
  ), told as (
    update ${table} u set last_activity = stored.kept_activity from stored
    where u.${id} = stored.user_id and stored.kept_activity is not null and u.last_activity is null and u.show_online_status
  )
  select ${TALLY}, (select count(*)::int from stored) as written,
    (select count(*)::int from stored where kept_activity is null) as withheld`

type Steps = Pick<BackfillSteps, 'begun' | 'next'>

const NOTHING: BackfillTotals = { looked: 0, written: 0, withheld: 0, ahead: 0, isLast: false }

const plus = (totals: BackfillTotals, part: PartRow, limit: number): BackfillTotals => ({
  looked: totals.looked + part.looked,
  written: totals.written + part.written,
  withheld: totals.withheld + part.withheld,
  ahead: totals.ahead + part.ahead,
  isLast: part.looked < limit,
})

function countingSteps(database: Database, part: string): Steps {
  const sql = countSql(part)
  let totals = NOTHING
  let position: string | null = null
  return {
    begun: async () => totals,
    async next(limit) {
      const [counted] = await database.rows<PartRow>(sql, [position, limit])
      if (!counted) return { ...totals, isLast: true }
      position = counted.position ?? position
      return (totals = plus(totals, counted, limit))
    },
  }
}

interface JobRow extends Omit<BackfillTotals, 'isLast'> {
  readonly position: string | null
}

const SUMS = ['looked', 'written', 'withheld', 'ahead'] as const
const BEGIN = 'insert into porchlight_backfill (job) values ($1) on conflict (job) do nothing'
const FIND = `select position, ${SUMS.map((sum) => `${sum}::float8 as ${sum}`).join(', ')} from porchlight_backfill where job = $1`
const MOVE = `update porchlight_backfill set position = $2, ${SUMS.map((sum, n) => `${sum} = $${n + 3}`).join(', ')} where job = $1`
const END = 'delete from porchlight_backfill where job = $1'
const BRIEFLY = `select set_config('lock_timeout', '${LOCK_MS}', true), set_config('statement_timeout', '${STATEMENT_MS}', true)`

/** Where it is stands in the same transaction as what was written: it may be killed at any moment, and be run twice at once. */
function fillingSteps(sequelize: Sequelize, users: HostUsers, part: string, job: string): Steps {
  const database = openDatabase(sequelize)
  const transact = openTransactions(sequelize)
  const sql = fillSql(part, users)
  let last: BackfillTotals = NOTHING
  return {
    async begun() {
      await database.rows(BEGIN, [job])
      const [row] = await database.rows<JobRow>(FIND, [job])
      return row ? { ...row, isLast: false } : NOTHING
    },
    next: (limit) =>
      transact(async (inside) => {
        await inside.rows(BRIEFLY)
        const [row] = await inside.rows<JobRow>(`${FIND} for update`, [job])
        // Somebody else was at it as well, and has finished it.
        if (!row) return { ...last, isLast: true }
        const [filled] = await inside.rows<PartRow>(sql, [row.position, limit])
        if (!filled) throw new PresenceError('INTERNAL', 'PostgreSQL answered a batch with nothing.')
        const totals = plus({ ...row, isLast: false }, filled, limit)
        if (totals.isLast) await inside.rows(END, [job])
        else await inside.rows(MOVE, [job, filled.position, ...SUMS.map((sum) => totals[sum])])
        return (last = totals)
      }),
  }
}

/** Above this many nobody counts: what PostgreSQL supposes is near enough for a progress bar. */
const COUNTED_UP_TO = 100_000

async function sizeOf(database: Database, { table }: HostUsers): Promise<number> {
  const [answer] = await database.rows<{ counted: number; supposed: number }>(
    `select (select count(*)::int from (select 1 from ${table} limit ${COUNTED_UP_TO + 1}) few) as counted,
      (select reltuples::float8 from pg_class where oid = to_regclass($1)) as supposed`,
    [table],
  )
  const { counted = 0, supposed = 0 } = answer ?? {}
  return counted <= COUNTED_UP_TO ? counted : Math.max(counted, supposed)
}

/** Null for whoever may not see it, and for a replica that has nothing to catch up with. */
const LAG = `
  select coalesce(max(extract(epoch from replay_lag)), 0)::float8 * 1000 as ms from pg_stat_replication`

async function replicationLag(database: Database): Promise<number> {
  const [answer] = await database.rows<{ ms: number }>(LAG)
  return answer?.ms ?? 0
}
