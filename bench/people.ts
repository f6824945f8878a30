import { createHash } from 'node:crypto'
import { Sequelize } from 'sequelize'
import { migrateMarketplace } from '../demo/server/schema.ts'

export type Role = 'client' | 'provider'

/** Everybody a bench may need. */
const PEOPLE: Readonly<Record<Role, number>> = { provider: 10_000, client: 30_000 }

/** The id of the n-th person of a role: the same in every run. PostgreSQL makes it the same way below. */
export const personId = (role: Role, n: number): string => md5Id(`${role} ${n}`)

/** What PostgreSQL makes of `md5(text)::uuid`. */
export function md5Id(text: string): string {
  const hex = createHash('md5').update(text).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export const personIds = (role: Role, count: number, from = 0): string[] => {
  if (from + count > PEOPLE[role]) throw new RangeError(`There are only ${PEOPLE[role]} of ${role}`)
  return Array.from({ length: count }, (_, n) => personId(role, from + n))
}

/** Fills the empty marketplace with people; who they are does not matter to presence. */
export async function addPeople(databaseUrl: string): Promise<void> {
  const sequelize = new Sequelize(databaseUrl, { logging: false })
  try {
    await migrateMarketplace(sequelize)
    for (const [role, count] of Object.entries(PEOPLE)) {
      const sql = `
        insert into users (id, name, role)
        select md5($1 || ' ' || n)::uuid, $1 || ' ' || n, $1 from generate_series(0, $2::int - 1) as n
        on conflict do nothing`
      await sequelize.query(sql, { bind: [role, count] })
    }
    await sequelize.query('vacuum analyze users')
  } finally {
    await sequelize.close()
  }
}

/** Forgets all presence, so that every repetition starts alike. */
export async function forgetPresence(databaseUrl: string): Promise<void> {
  const sequelize = new Sequelize(databaseUrl, { logging: false })
  try {
    const sql = `select to_regclass('porchlight_presence') is not null as migrated`
    const [rows] = await sequelize.query(sql)
    if (!(rows[0] as { migrated: boolean }).migrated) return
    await sequelize.query('truncate porchlight_presence, user_sessions')
    await sequelize.query(`update users set online_status = 'offline', last_activity = null
      where online_status <> 'offline' or last_activity is not null`)
    // What was rewritten must not be cleaned up in the middle of a measurement.
    await sequelize.query('vacuum users')
    await sequelize.query('checkpoint')
  } finally {
    await sequelize.close()
  }
}
