import type { Migration } from './migration.ts'

/**
 * Who may know what: `audiences` is what somebody decided beside the switch, null for everybody who narrowed nothing; `visible` is false for
 * whoever did, so that nodes which know no levels show nothing of them (R55). `contact_view` is what contacts see, null while that is what
 * strangers do. `porchlight_blocks`: whom a user blocks; a row that says no longer keeps late decisions from coming back.
 */
export const audiences: Migration = {
  name: '005-audiences',

  async up({ database, users }) {
    await database.rows('alter table porchlight_presence add column audiences jsonb, add column contact_view jsonb')
    const person = `${users.idType} not null references ${users.table} (${users.id}) on delete cascade`
    await database.rows(`
      create table porchlight_blocks (
        user_id ${person},
        viewer_id ${person},
        version bigint not null,
        blocked boolean not null,
        primary key (user_id, viewer_id)
      )`)
    await database.rows('create index porchlight_blocks_viewer on porchlight_blocks (viewer_id)')
  },

  async down({ database }) {
    await database.rows('drop table porchlight_blocks')
    // Without the levels only the switch is left of what they decided.
    await database.rows(`
      update porchlight_presence set visible = (audiences->>'on')::boolean
      where (audiences->>'version')::bigint = visibility_version`)
    await database.rows('alter table porchlight_presence drop column audiences, drop column contact_view')
  },
}
