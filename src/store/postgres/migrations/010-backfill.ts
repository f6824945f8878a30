import type { Migration } from './migration.ts'

/** How far `porchlight backfill` is: a row for each that is under way, so that one that was killed goes on where it was. */
export const backfillJobs: Migration = {
  name: '010-backfill',

  async up({ database }) {
    await database.rows(`
      create table porchlight_backfill (
        job text primary key,
        position text,
        looked bigint not null default 0,
        written bigint not null default 0,
        withheld bigint not null default 0,
        ahead bigint not null default 0
      )`)
  },

  async down({ database }) {
    await database.rows('drop table porchlight_backfill')
  },
}
