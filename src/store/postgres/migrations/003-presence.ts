import { CHOOSABLE_STATUSES, STATUSES } from '../../../domain/status.ts'
import type { Migration } from './migration.ts'

const oneOf = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ')

/**
 * The projection of the live truth: one narrow row a user, apart from the host's wide one, and who was alive when.
 *
 * `last_seen`, `last_activity`: the truth · `own_*`: what the user sees · `choice_*`, `visible*`: what they decided, each
 * with the version of the decision · `kept_*`: what may be public, standing still while hidden (R32) · `public_*`: what
 * strangers see; nothing else of this table may be told to them (R30).
 */
export const presence: Migration = {
  name: '003-presence',
  indexes: [
    {
      name: 'porchlight_presence_shown',
      table: 'porchlight_presence',
      by: `(public_status, user_id) where public_status <> 'offline'`,
    },
  ],

  async up({ database, users }) {
    // Activity moves no indexed column, and half of every page stays free: such updates touch no index at all (HOT).
    await database.rows(`
      create table porchlight_presence (
        user_id ${users.idType} primary key references ${users.table} (${users.id}) on delete cascade,
        version bigint not null default 0,
        status text not null default 'offline' check (status in (${oneOf(STATUSES)})),
        last_seen timestamptz,
        last_activity timestamptz,
        own_last_seen timestamptz,
        own_message text,
        own_version bigint not null default 0,
        choice_status text check (choice_status in (${oneOf(CHOOSABLE_STATUSES)})),
        choice_message text,
        choice_expires_at timestamptz,
        choice_version bigint not null default 0,
        visible boolean not null default true,
        visible_since timestamptz,
        visibility_version bigint not null default 0,
        kept_last_seen timestamptz,
        kept_activity timestamptz,
        public_status text not null default 'offline' check (public_status in (${oneOf(STATUSES)})),
        public_last_seen timestamptz,
        public_message text,
        public_activity timestamptz,
        public_version bigint not null default 0
      ) with (fillfactor = 50)`)
    await database.rows(
      `create index porchlight_presence_present on porchlight_presence (user_id) where status <> 'offline'`,
    )
    await database.rows(
      'create table porchlight_nodes (node_id text primary key, last_alive_at timestamptz not null) with (fillfactor = 50)',
    )
  },

  async down({ database }) {
    await database.rows('drop table porchlight_nodes')
    await database.rows('drop table porchlight_presence')
  },
}
