import { STATUSES } from '../../../domain/status.ts'
import { conflict, findHostColumns, HOST_COLUMNS, OURS } from '../host-columns.ts'
import type { Migration, MigrationContext } from './migration.ts'

/** Adds the four columns to the host's users. A fitting column that is there already is used, and never dropped. */
export const hostColumns: Migration = {
  name: '001-host-columns',

  async check(context) {
    await findHostColumns(context.database, context.users)
    await statusLabels(context)
  },

  async up(context) {
    const { database, users } = context
    await ensureStatusType(context)
    const found = await findHostColumns(database, users)
    const missing = HOST_COLUMNS.filter(({ name }) => !found.has(name))
    if (missing.length === 0) return
    const additions = missing.map(({ name, definition }) => `add column ${name} ${definition(users)}`)
    await database.rows(`alter table ${users.table} ${additions.join(', ')}`)
    for (const { name } of missing) {
      await database.rows(`comment on column ${users.table}.${name} is '${OURS}'`)
    }
  },

  async down({ database, users }) {
    const found = await findHostColumns(database, users)
    const ours = HOST_COLUMNS.filter(({ name }) => found.get(name)?.ours)
    if (ours.length > 0) {
      await database.rows(`alter table ${users.table} ${ours.map(({ name }) => `drop column ${name}`).join(', ')}`)
    }
    const [type] = await database.rows<{ ours: boolean }>(
      `select obj_description(to_regtype($1), 'pg_type') = $2 as ours`,
      [users.statusType, OURS],
    )
    if (type?.ours) await database.rows(`drop type ${users.statusType}`)
  },
}

async function ensureStatusType(context: MigrationContext): Promise<void> {
  const { database, users } = context
  if ((await statusLabels(context)).length > 0) return
  await database.rows(`create type ${users.statusType} as enum (${STATUSES.map((word) => `'${word}'`).join(', ')})`)
  await database.rows(`comment on type ${users.statusType} is '${OURS}'`)
}

/** What the type of `online_status` can be, if there is one. @throws {PresenceError} SCHEMA_CONFLICT when it lacks something */
async function statusLabels({ database, users }: MigrationContext): Promise<string[]> {
  const labels = await database.rows<{ label: string }>(
    'select enumlabel as label from pg_enum where enumtypid = to_regtype($1)',
    [users.statusType],
  )
  const missing = STATUSES.filter((status) => !labels.some(({ label }) => label === status))
  if (labels.length > 0 && missing.length > 0) {
    throw conflict(`The enum ${users.statusType} is there already, without ${missing.join(', ')}; add or rename it.`)
  }
  return labels.map(({ label }) => label)
}
