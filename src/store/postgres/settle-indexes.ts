import type { Database } from './database.ts'
import type { MigrationSession } from './migration-session.ts'
import type { LargeIndex, Migration } from './migrations/migration.ts'

/**
 * Builds the indexes that the applied migrations name, and takes away those that nobody needs any more, while everybody goes on reading and
 * writing. It compares what is there with what should be: one that was interrupted, which leaves an index that nobody uses, is mended by the
 * next.
 */
export async function settleIndexes(
  session: MigrationSession,
  migrations: readonly Migration[],
  applied: readonly string[],
): Promise<void> {
  const there = migrations.filter(({ name }) => applied.includes(name))
  const retired = new Set(there.flatMap(({ retires = [] }) => retires))
  const wanted = new Set(there.flatMap(({ indexes = [] }) => indexes.filter(({ name }) => !retired.has(name))))
  for (const index of migrations.flatMap(({ indexes = [] }) => indexes)) await settle(session, index, wanted.has(index))
}

interface Found {
  /** Null: there is no such index. */
  readonly valid: boolean | null
  /** Null: there is no such table; 'p': a host has partitioned it, and keeps its indexes. */
  readonly kind: string | null
}

const FIND = `
  select (select indisvalid from pg_index where indexrelid = to_regclass($1)) as valid,
    (select relkind::text from pg_class where oid = to_regclass($2)) as kind`

async function settle(session: MigrationSession, index: LargeIndex, isWanted: boolean): Promise<void> {
  const { database, log } = session
  const { name, table } = index
  const [{ valid, kind } = { valid: null, kind: null }] = await database.rows<Found>(FIND, [name, table])
  if (kind !== 'r' || (isWanted ? valid === true : valid === null)) return
  if (valid !== null) {
    log(
      isWanted
        ? `presence: the index ${name} was left half-built: building it again`
        : `presence: drops the index ${name}`,
    )
    await database.rows(`drop index concurrently if exists ${name}`)
  }
  if (isWanted) await build(session, index)
}

async function build({ database, patiently, log }: MigrationSession, { name, table, by }: LargeIndex): Promise<void> {
  if (!(await hasRows(database, table))) {
    // Nothing to build, and nobody to be waited for: the other way waits for every transaction of the database that is older.
    await patiently((inside) => inside.rows(`create index if not exists ${name} on ${table} ${by}`))
    return
  }
  log(`presence: builds the index ${name}`)
  await database.rows(`create index concurrently ${name} on ${table} ${by}`)
}

async function hasRows(database: Database, table: string): Promise<boolean> {
  const [answer] = await database.rows<{ filled: boolean }>(`select exists (select 1 from ${table}) as filled`)
  return answer?.filled ?? false
}
