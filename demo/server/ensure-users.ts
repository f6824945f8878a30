import { QueryTypes, type Sequelize } from 'sequelize'
import { PresenceError } from '../../src/domain/errors.ts'
import { migrateMarketplace } from './schema.ts'

/** A database without any table gets the reference marketplace; in one that has some, the host has to say where users are. */
export async function ensureUsers(
  sequelize: Sequelize,
  usersTable: string,
  log: (line: string) => void,
): Promise<void> {
  const [found] = await sequelize.query<{ users: string | null; tables: number }>(
    `select to_regclass($1)::text as users,
      (select count(*)::int from pg_tables where schemaname not in ('pg_catalog', 'information_schema')) as tables`,
    { bind: [usersTable], type: QueryTypes.SELECT },
  )
  if (found?.users) return
  if (found?.tables === 0 && usersTable === 'users') {
    log('The database is empty: creating the reference marketplace.')
    await migrateMarketplace(sequelize)
    return
  }
  const sentence = `There is no table "${usersTable}". Name yours with --users-table, and its key with --id-column.`
  throw new PresenceError('SCHEMA_CONFLICT', sentence)
}
