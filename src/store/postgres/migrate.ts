import type { Sequelize } from 'sequelize'
import { MigrationError, Umzug, type UmzugStorage } from 'umzug'
import { PresenceError } from '../../domain/errors.ts'
import { asUnavailable, type Database, openDatabase } from './database.ts'
import { checkHostColumns } from './host-columns.ts'
import { describeUsers, type HostUsers, type HostUsersOptions } from './host-users.ts'
import { type MigrationSession, type Patience, withMigrationSession } from './migration-session.ts'
import { hostColumns } from './migrations/001-host-columns.ts'
import { userSessions } from './migrations/002-user-sessions.ts'
import { presence } from './migrations/003-presence.ts'
import { listing } from './migrations/004-listing.ts'
import { audiences } from './migrations/005-audiences.ts'
import { access } from './migrations/006-access.ts'
import { reports } from './migrations/007-reports.ts'
import { personalData } from './migrations/008-personal-data.ts'
import { blockFloors } from './migrations/009-block-floors.ts'
import { backfillJobs } from './migrations/010-backfill.ts'
import type { Migration } from './migrations/migration.ts'
import { type ProcessLock, takeProcessLock } from './process-lock.ts'
import { settleIndexes } from './settle-indexes.ts'

/** In the order in which they are applied. Imported by name, so that a compiled build finds them. */
const MIGRATIONS: readonly Migration[] = [
  hostColumns,
  userSessions,
  presence,
  listing,
  audiences,
  access,
  reports,
  personalData,
  blockFloors,
  backfillJobs,
]

export interface MigrateOptions extends HostUsersOptions {
  readonly sequelize: Sequelize
  readonly log?: (line: string) => void
  /** How long it waits for others, and others for it. */
  readonly patience?: Patience
}

/**
 * Brings the schema up to date, one node at a time, while others read and write: each migration is done whole or not at all, and whatever
 * interrupts them, the next run goes on from there. Also when there is nothing to do, it checks that the host's columns are still what
 * presence needs, and that no index was left half-built.
 *
 * @returns the names of the migrations it applied
 * @throws {PresenceError} SCHEMA_CONFLICT with a sentence on what is in the way, before anything is changed · STORE_UNAVAILABLE
 */
export async function migratePresence(options: MigrateOptions): Promise<string[]> {
  return alone(options, async (session, users, log) => {
    const umzug = migrator(session, users)
    for (const { name } of await umzug.pending()) {
      await MIGRATIONS.find((migration) => migration.name === name)?.check?.({ database: session.database, users })
    }
    const done = namesOf(await umzug.up())
    await settleIndexes(session, MIGRATIONS, await umzug.executed().then(namesOf))
    await checkHostColumns(session.database, users)
    for (const name of done) log(`presence: applied ${name}`)
    return done
  })
}

/**
 * Makes sure that all is there that this version needs, before it lets anybody in.
 *
 * @throws {PresenceError} SCHEMA_CONFLICT · STORE_UNAVAILABLE
 */
export async function checkMigrated(sequelize: Sequelize): Promise<void> {
  const applied = new Set(await appliedNames(openDatabase(sequelize)))
  const missing = MIGRATIONS.filter(({ name }) => !applied.has(name)).map(({ name }) => name)
  if (missing.length === 0) return
  const sentence =
    `This database lacks ${missing.length === MIGRATIONS.length ? 'all' : missing.join(', ')} of what presence needs: ` +
    'run `porchlight migrate` on it, or `presence.migrate()` before `presence.start()`.'
  throw new PresenceError('SCHEMA_CONFLICT', sentence)
}

/** What is taken back, and in spite of what. */
export interface RollbackOptions extends MigrateOptions {
  /** How many, or `all`. @default 1 */
  readonly steps?: number | 'all'
  /** All of them, also below processes that serve, which fail from then on. @default false */
  readonly isForced?: boolean
}

/**
 * Takes migrations back, the newest first, with what is in their tables. Columns that the host had before stay.
 *
 * @returns the names of the migrations it took back
 * @throws {PresenceError} ALREADY_RUNNING when all are to be taken back and a process still serves · STORE_UNAVAILABLE
 */
export async function rollbackPresence({
  steps = 1,
  isForced = false,
  ...options
}: RollbackOptions): Promise<string[]> {
  const lock = steps === 'all' && !isForced ? await keepOthersAway(options.sequelize) : null
  try {
    return await alone(options, async (session, users, log) => {
      const umzug = migrator(session, users)
      const applied = await umzug.executed()
      const step = steps === 'all' ? applied.length : Math.min(steps, applied.length)
      const undone = step === 0 ? [] : namesOf(await umzug.down({ step }))
      await settleIndexes(session, MIGRATIONS, await umzug.executed().then(namesOf))
      for (const name of undone) log(`presence: took back ${name}`)
      return undone
    })
  } finally {
    await lock?.release()
  }
}

/** Every process that serves holds the lock, alone or with others. */
async function keepOthersAway(sequelize: Sequelize): Promise<ProcessLock> {
  try {
    return await takeProcessLock(sequelize)
  } catch (error) {
    if (!(error instanceof PresenceError) || error.code !== 'ALREADY_RUNNING') throw error
    const sentence =
      'A process still serves presence from this database, and would fail: start your app without Porchlight first, then take this back. ' +
      '`--force` does it all the same.'
    throw new PresenceError('ALREADY_RUNNING', sentence)
  }
}

const namesOf = (migrations: readonly { readonly name: string }[]): string[] => migrations.map(({ name }) => name)

type Work<Result> = (session: MigrationSession, users: HostUsers, log: (line: string) => void) => Promise<Result>

async function alone<Result>(
  { sequelize, log = () => {}, patience = {}, ...host }: MigrateOptions,
  work: Work<Result>,
): Promise<Result> {
  const users = describeUsers(host)
  try {
    return await withMigrationSession(sequelize, users, patience, log, (session) => work(session, users, log))
  } catch (error) {
    // Umzug wraps what a migration throws; callers act on the failure itself.
    throw asUnavailable(error instanceof MigrationError ? error.cause : error)
  }
}

/** Each migration is written down in the transaction that it is done in, which umzug's own storage could not. */
const migrator = ({ database, patiently }: MigrationSession, users: HostUsers): Umzug =>
  new Umzug({
    migrations: MIGRATIONS.map((migration) => ({
      name: migration.name,
      up: () =>
        patiently(async (inside) => {
          await migration.up({ database: inside, users })
          await inside.rows(MIGRATIONS_TABLE)
          await inside.rows('insert into porchlight_migrations (name) values ($1)', [migration.name])
        }),
      down: () =>
        patiently(async (inside) => {
          await migration.down({ database: inside, users })
          await inside.rows('delete from porchlight_migrations where name = $1', [migration.name])
        }),
    })),
    storage: appliedMigrations(database),
    logger: undefined,
  })

const MIGRATIONS_TABLE = `
  create table if not exists porchlight_migrations (
    name text primary key, applied_at timestamptz not null default now()
  )`

const appliedMigrations = (database: Database): UmzugStorage => ({
  logMigration: async () => {},
  unlogMigration: async () => {},
  executed: () => appliedNames(database),
})

async function appliedNames(database: Database): Promise<string[]> {
  const [found] = await database.rows<{ there: boolean }>(
    `select to_regclass('porchlight_migrations') is not null as there`,
  )
  if (!found?.there) return []
  return namesOf(await database.rows<{ name: string }>('select name from porchlight_migrations order by name'))
}
