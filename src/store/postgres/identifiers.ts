import { PresenceError } from '../../domain/errors.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/**
 * A name from the host's configuration, quoted for SQL. Names cannot be bound, so anything unusual is refused.
 *
 * @throws {PresenceError} INVALID_OPTION
 */
export function quoteName(name: string): string {
  if (!NAME.test(name)) throw new PresenceError('INVALID_OPTION', `"${name}" is not a name of a table or column`)
  return `"${name}"`
}

/** A table's name with or without its schema (`users`, `market.users`), quoted for SQL. */
export const quoteTable = (table: string): string => splitTable(table).map(quoteName).join('.')

/** @returns the schema, if one was given, and the table */
export function splitTable(table: string): string[] {
  const parts = table.split('.')
  if (parts.length > 2) throw new PresenceError('INVALID_OPTION', `"${table}" is not a name of a table`)
  return parts
}
