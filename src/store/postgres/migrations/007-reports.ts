import type { Migration } from './migration.ts'

/**
 * What viewers reported of public messages: the message as it was shown to them then. Of several reports of the same message by the same
 * viewer there is one as long as it is open. A reporter who is deleted leaves the report, without a name.
 */
export const reports: Migration = {
  name: '007-reports',

  async up({ database, users }) {
    await database.rows(`
      create table porchlight_reports (
        id bigint generated always as identity primary key,
        user_id ${users.idType} not null references ${users.table} (${users.id}) on delete cascade,
        reporter_id ${users.idType} references ${users.table} (${users.id}) on delete set null,
        message text not null,
        status text not null,
        reason text,
        reported_at timestamptz not null,
        resolved_at timestamptz,
        resolved_by text
      )`)
    await database.rows(`
      create unique index porchlight_reports_once on porchlight_reports (user_id, reporter_id, message)
        where resolved_at is null`)
    await database.rows('create index porchlight_reports_open on porchlight_reports (id) where resolved_at is null')
    // For the deletion of a user.
    await database.rows('create index porchlight_reports_reporter on porchlight_reports (reporter_id)')
  },

  async down({ database }) {
    await database.rows('drop table if exists porchlight_reports')
  },
}
