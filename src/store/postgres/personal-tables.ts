import type { HostUsers } from './host-users.ts'

/**
 * A table of ours with rows about users. Whoever adds a table, or a column that names a user, says here what becomes of it when its
 * owner wants to see their data or have it erased; a test compares the list with the schema, so that nothing is forgotten.
 */
export interface PersonalTable {
  readonly table: string
  /** The column that names whose data a row is. */
  readonly owner: string
  /** Columns that name somebody else: the row is not theirs, and neither shown to them nor erased with their data. */
  readonly others?: readonly string[]
  /** Columns that are not handed out with a row: they tell of somebody else. */
  readonly withheld?: readonly string[]
  /**
   * A statement that takes away what is older than a moment, and returns a row for each that it touched: $1 the user, $2 the moment in
   * epoch milliseconds. Null: the rows follow the host's own word, and go when it lets go of them.
   */
  readonly erase: ((users: HostUsers) => string) | null
}
