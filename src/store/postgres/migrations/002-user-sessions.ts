import { DEVICE_TYPES } from '../../../domain/session.ts'
import { conflict } from '../host-columns.ts'
import type { Migration } from './migration.ts'

// The type is named as Sequelize would name it, for the same reason as the status type (see host-users.ts).
const DEVICE_TYPE = 'enum_user_sessions_device_type'

/** The log of sessions that the host's code reads through the model `UserSession` (4.1). */
export const userSessions: Migration = {
  name: '002-user-sessions',

  async check({ database }) {
    const [table] = await database.rows<{ there: boolean }>(`select to_regclass('user_sessions') is not null as there`)
    if (table?.there) throw conflict('There is a table user_sessions already; rename it, presence needs that name.')
  },

  async up({ database, users }) {
    const devices = DEVICE_TYPES.map((type) => `'${type}'`).join(', ')
    await database.rows(`create type ${DEVICE_TYPE} as enum (${devices})`)
    await database.rows(`
      create table user_sessions (
        id uuid primary key,
        user_id ${users.idType} not null references ${users.table} (${users.id}) on delete cascade,
        socket_id text not null,
        device_type ${DEVICE_TYPE} not null default 'web',
        ip_address text null,
        user_agent text null,
        connected_at timestamptz not null,
        last_ping timestamptz not null,
        is_active boolean not null default true
      )`)
    await database.rows('create index user_sessions_user_id on user_sessions (user_id)')
    await database.rows('create index user_sessions_active on user_sessions (id) where is_active')
  },

  async down({ database }) {
    await database.rows('drop table user_sessions')
    await database.rows(`drop type ${DEVICE_TYPE}`)
  },
}
