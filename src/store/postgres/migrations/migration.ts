import type { Database } from '../database.ts'
import type { HostUsers } from '../host-users.ts'

/** What a migration works with: everything runs in one transaction. */
export interface MigrationContext {
  readonly database: Database
  readonly users: HostUsers
}

export interface Migration {
  /** Kept in `porchlight_migrations` for ever: never renamed. */
  readonly name: string
  up(context: MigrationContext): Promise<void>
  down(context: MigrationContext): Promise<void>
}
