import type { Migration } from './migration.ts'

/**
 * What a block makes of the versions that its viewer is told (R31): `floor`, of the decision with the version `floor_of`. A later one was
 * made by a node that knows no floors.
 */
export const blockFloors: Migration = {
  name: '009-block-floors',

  async up({ database }) {
    await database.rows('alter table porchlight_blocks add column floor bigint, add column floor_of bigint')
  },

  async down({ database }) {
    await database.rows('alter table porchlight_blocks drop column floor, drop column floor_of')
  },
}
