import type { Database } from '../database.ts'
import type { HostUsers } from '../host-users.ts'

/** What a migration works with: one transaction of its own, in which waiting for a lock ends soon and everything is tried again. */
export interface MigrationContext {
  readonly database: Database
  readonly users: HostUsers
}

/** An index on a table that may be large: built while everybody goes on writing, and again when that was interrupted. */
export interface LargeIndex {
  readonly name: string
  /** A table of ours. */
  readonly table: string
  /** What is indexed, as `create index … on table` takes it. */
  readonly by: string
}

/**
 * A step of the schema. What it does to tables that are there already takes a moment, whatever is in them: columns that are null or have a
 * constant default, tables of ours with foreign keys. A foreign key on rows that are there would be added `not valid` and validated by the
 * next migration; indexes on them are named in `indexes`.
 */
export interface Migration {
  /** Kept in `porchlight_migrations` for ever: never renamed. */
  readonly name: string
  /** Says what is in the way, before anything is changed. @throws {PresenceError} SCHEMA_CONFLICT */
  check?(context: MigrationContext): Promise<void>
  up(context: MigrationContext): Promise<void>
  down(context: MigrationContext): Promise<void>
  /** Indexes that are there from this migration on. */
  readonly indexes?: readonly LargeIndex[]
  /** Names of earlier indexes that nobody needs from this migration on. */
  readonly retires?: readonly string[]
}
