import type { Sequelize } from 'sequelize'
import { MigrationError, Umzug, type UmzugStorage } from 'umzug'
import { ADVISORY_LOCKS } from './advisory-locks.ts'
import { asUnavailable, openDatabase } from './database.ts'
import { checkHostColumns } from './host-columns.ts'
import { describeUsers, type HostUsersOptions } from './host-users.ts'
import { hostColumns } from './migrations/001-host-columns.ts'
import { userSessions } from './migrations/002-user-sessions.ts'
import { presence } from './migrations/003-presence.ts'
import { listing } from './migrations/004-listing.ts'
import { audiences } from './migrations/005-audiences.ts'
import { access } from './migrations/006-access.ts'
import { reports } from './migrations/007-reports.ts'
import { personalData } from './migrations/008-personal-data.ts'
import { blockFloors } from './migrations/009-block-floors.ts'
import type { Migration, MigrationContext } from './migrations/migration.ts'

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
]

export interface MigrateOptions extends HostUsersOptions {
  readonly sequelize: Sequelize
  readonly log?: (line: string) => void
}

/**
 * Brings the schema up to date: all or nothing, one node at a time. Also when there is nothing to do, it checks that the
 * host's columns are still what presence needs.
 *
 * @returns the names of the migrations it applied
 * @throws {PresenceError} SCHEMA_CONFLICT with a sentence on what is in the way · STORE_UNAVAILABLE
 */
export async function migratePresence({ sequelize, log, ...host }: MigrateOptions): Promise<string[]> {
  const applied = await alone(sequelize, host, async (context) => {
    const done = await migrator(context).up()
    await checkHostColumns(context.database, context.users)
    return done.map(({ name }) => name)
  })
  for (const name of applied) log?.(`presence: applied ${name}`)
  return applied
}

/**
 * Takes migrations back, the newest first, with what is in their tables. Columns that the host had before stay.
 *
 * @param steps how many, or `all`. @default 1
 * @returns the names of the migrations it took back
 */
export async function rollbackPresence({
  sequelize,
  log,
  steps = 1,
  ...host
}: MigrateOptions & { readonly steps?: number | 'all' }): Promise<string[]> {
  const reverted = await alone(sequelize, host, async (context) => {
    const umzug = migrator(context)
    const applied = await umzug.executed()
    const step = steps === 'all' ? applied.length : Math.min(steps, applied.length)
    return step === 0 ? [] : (await umzug.down({ step })).map(({ name }) => name)
  })
  for (const name of reverted) log?.(`presence: took back ${name}`)
  return reverted
}

/** One transaction holds the lock and does the work, so that it needs no second connection and leaves no halves. */
async function alone<T>(
  sequelize: Sequelize,
  host: HostUsersOptions,
  work: (context: MigrationContext) => Promise<T>,
): Promise<T> {
  const users = describeUsers(host)
  try {
    return await sequelize.transaction(async (transaction) => {
      const database = openDatabase(sequelize, { transaction })
      await database.rows('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.migrate])
      return work({ database, users })
    })
  } catch (error) {
    // Umzug wraps what a migration throws; callers act on the failure itself.
    throw asUnavailable(error instanceof MigrationError ? error.cause : error)
  }
}

const migrator = (context: MigrationContext): Umzug<MigrationContext> =>
  new Umzug<MigrationContext>({
    migrations: MIGRATIONS.map((migration) => ({
      name: migration.name,
      up: () => migration.up(context),
      down: () => migration.down(context),
    })),
    context,
    storage: appliedMigrations,
    logger: undefined,
  })

/** Which migrations were applied, kept in the migration's own transaction (umzug's own storage would not). */
const appliedMigrations: UmzugStorage<MigrationContext> = {
  async logMigration({ name, context: { database } }) {
    await database.rows('insert into porchlight_migrations (name) values ($1)', [name])
  },
  async unlogMigration({ name, context: { database } }) {
    await database.rows('delete from porchlight_migrations where name = $1', [name])
  },
  async executed({ context: { database } }) {
    await database.rows(
      `create table if not exists porchlight_migrations (
        name text primary key, applied_at timestamptz not null default now()
      )`,
    )
    const rows = await database.rows<{ name: string }>('select name from porchlight_migrations order by name')
    return rows.map(({ name }) => name)
  },
}
