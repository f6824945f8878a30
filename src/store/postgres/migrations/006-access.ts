import { BARS } from '../../../domain/access.ts'
import type { Migration } from './migration.ts'

/**
 * What the host said of users' access: a row for those few of whom something was said. `bar_version` orders words about the bar;
 * `said_at` is in microseconds of the store's clock, and nodes read by it what is new. Apart from the presence of a user, which may be
 * erased on their own wish: a ban may not.
 */
export const access: Migration = {
  name: '006-access',

  async up({ database, users }) {
    await database.rows(`
      create table porchlight_access (
        user_id ${users.idType} primary key references ${users.table} (${users.id}) on delete cascade,
        bar text check (bar in (${BARS.map((bar) => `'${bar}'`).join(', ')})),
        bar_version bigint not null default 0,
        tokens_since timestamptz,
        said_at bigint not null
      )`)
    await database.rows('create index porchlight_access_said_at on porchlight_access (said_at)')
  },

  async down({ database }) {
    await database.rows('drop table porchlight_access')
  },
}
