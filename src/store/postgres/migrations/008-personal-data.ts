import type { Migration } from './migration.ts'

/**
 * What keeping personal data no longer than needed takes (R35). `porchlight_retention`: one row, up to which session addresses and user
 * agents were shortened. `erased_at`: what was observed before it is not taken in any more. `porchlight_audit`: that data
 * was handed out or erased, without whose it was.
 */
export const personalData: Migration = {
  name: '008-personal-data',
  indexes: [{ name: 'user_sessions_connected', table: 'user_sessions', by: '(connected_at, id)' }],

  async up({ database }) {
    await database.rows(`
      create table porchlight_retention (
        id boolean primary key default true check (id),
        connected_at timestamptz not null,
        session_id uuid not null
      )`)
    await database.rows(`
      insert into porchlight_retention (connected_at, session_id)
        values ('-infinity', '00000000-0000-0000-0000-000000000000')`)
    await database.rows('alter table porchlight_presence add column erased_at timestamptz')
    await database.rows(`
      create table porchlight_audit (
        proof text primary key,
        action text not null check (action in ('export', 'erase')),
        asked_by text not null check (asked_by in ('self', 'host', 'operator')),
        rows int not null,
        at timestamptz not null
      )`)
  },

  async down({ database }) {
    await database.rows('drop table porchlight_audit')
    await database.rows('alter table porchlight_presence drop column erased_at')
    await database.rows('drop table porchlight_retention')
  },
}
