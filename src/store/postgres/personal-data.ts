import type { AuditLine, PersonalStore, StoredRows } from '../contract.ts'
import { ACCESS_TABLE } from './access.ts'
import type { Database, Transact } from './database.ts'
import { HOST_COLUMNS } from './host-columns.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs } from './moments.ts'
import type { PersonalTable } from './personal-tables.ts'
import { PRESENCE_TABLE, recordProjector } from './project-records.ts'
import { DIRECTORY_TABLE } from './refresh-listing.ts'
import { REPORTS_TABLE } from './reports.ts'
import { BLOCKS_TABLE } from './save-decision.ts'
import { SESSIONS_TABLE } from './save-sessions.ts'

/** Every table of ours that has rows about users. */
export const PERSONAL_TABLES: readonly PersonalTable[] = [
  PRESENCE_TABLE,
  SESSIONS_TABLE,
  DIRECTORY_TABLE,
  ACCESS_TABLE,
  BLOCKS_TABLE,
  REPORTS_TABLE,
]

const hostSql = ({ table, id, idType }: HostUsers): string => {
  const pairs = HOST_COLUMNS.map(({ name }) => `'${name}', u.${name}`)
  return `select jsonb_build_object(${pairs.join(', ')}) as row from ${table} u where u.${id} = $1::${idType}`
}

const rowsSql = ({ table, owner, withheld = [] }: PersonalTable, { idType }: HostUsers): string => {
  const given = ['to_jsonb(t)', ...withheld.map((column) => `'${column}'`)].join(' - ')
  return `select ${given} as row from ${table} t where t.${owner} = $1::${idType}`
}

/** What the projection does not take back by itself: a moment only moves forward there. */
const resetSql = ({ table, id, idType }: HostUsers): string => `
  update ${table} u set last_activity = p.kept_activity
  from porchlight_presence p where p.user_id = u.${id} and u.${id} = $1::${idType}`

/** From here on the row is one that presence has written: what was filled in before does not stay. */
const claimSql = ({ idType }: HostUsers): string =>
  `update porchlight_presence set version = 1 where user_id = $1::${idType} and version = 0`

const AUDIT = `
  insert into porchlight_audit (proof, action, asked_by, rows, at) values ($1, $2, $3, $4, ${fromMs('$5')})
  on conflict (proof) do nothing`

const writeDown = (inside: Database, { proof, action, askedBy, at }: AuditLine, rows: number): Promise<unknown> =>
  inside.rows(AUDIT, [proof, action, askedBy, rows, at])

/** Hands out, and takes away, all that is stored of one user. The line in the audit is written with it or not at all. */
export const personalVerbs = (
  transact: Transact,
  users: HostUsers,
): Pick<PersonalStore, 'exportUser' | 'eraseUser'> => ({
  exportUser: (userId, line) =>
    transact(async (inside) => {
      const host = await inside.rows<{ row: StoredRows[string][number] }>(hostSql(users), [userId])
      if (host.length === 0) return null
      const stored: Record<string, StoredRows[string]> = { users: host.map(({ row }) => row) }
      for (const personal of PERSONAL_TABLES) {
        const rows = await inside.rows<{ row: StoredRows[string][number] }>(rowsSql(personal, users), [userId])
        stored[personal.table] = rows.map(({ row }) => row)
      }
      await writeDown(inside, line, Object.values(stored).flat().length)
      return stored
    }),
  eraseUser: (erased, line) =>
    transact(async (inside) => {
      await inside.rows(claimSql(users), [erased.userId])
      await recordProjector(inside, users)([erased])
      let count = 0
      for (const { erase } of PERSONAL_TABLES) {
        if (erase !== null) count += (await inside.rows(erase(users), [erased.userId, line.at])).length
      }
      await inside.rows(resetSql(users), [erased.userId])
      await writeDown(inside, line, count)
      return count
    }),
})
