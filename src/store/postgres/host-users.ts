import type { UserIdCodec } from '../../domain/user-id.ts'
import { quoteName, quoteTable, splitTable } from './identifiers.ts'

/** Where the host keeps its users. */
export interface HostUsersOptions {
  /** With or without its schema: `users`, `market.users`. */
  readonly usersTable: string
  readonly idColumn: string
  readonly userId: UserIdCodec
}

/** The host's users table in SQL's own words; every name is quoted. */
export interface HostUsers {
  readonly table: string
  readonly id: string
  readonly idType: UserIdCodec['sqlType']
  /** The enum type of `online_status`. */
  readonly statusType: string
}

export function describeUsers({ usersTable, idColumn, userId }: HostUsersOptions): HostUsers {
  const parts = splitTable(usersTable)
  const table = parts.at(-1) ?? usersTable
  // The name that Sequelize itself gives an ENUM column: the host's `sync({ alter })` then finds nothing to alter, and
  // a column that the host made with Sequelize beforehand is recognised.
  const statusType = [...parts.slice(0, -1), `enum_${table}_online_status`].map(quoteName).join('.')
  return { table: quoteTable(usersTable), id: quoteName(idColumn), idType: userId.sqlType, statusType }
}
