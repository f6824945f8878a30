import { type Access, type Bar, OPEN_ACCESS, saidAt } from '../../domain/access.ts'
import type { AccessRow } from '../contract.ts'
import type { Database } from './database.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs, toMs } from './moments.ts'
import type { PersonalTable } from './personal-tables.ts'

/** What the host said of somebody is theirs to see, and not theirs to take away (R61). */
export const ACCESS_TABLE: PersonalTable = { table: 'porchlight_access', owner: 'user_id', erase: null }

/** Access as a row has it; all null where nothing was said. bigint arrives as text; versions stay below 2^53 (R7). */
export interface LoadedAccess {
  readonly bar: Bar | null
  readonly bar_version: string | null
  readonly tokens_since: number | null
}

/** What `loadedAccess` reads. @param a alias of the table */
export const accessColumns = (a: string): string =>
  `${a}.bar, ${a}.bar_version, ${toMs(`${a}.tokens_since`)} as tokens_since`

export const loadedAccess = ({ bar, bar_version, tokens_since }: LoadedAccess): Access =>
  bar_version === null ? OPEN_ACCESS : { bar, version: Number(bar_version), tokensSince: tokens_since }

/** Whoever is not among the host's users any more has nothing here. The newer word about each stays, in whatever order they come. */
const saveSql = ({ table, id, idType }: HostUsers): string => `
  insert into porchlight_access as a (user_id, bar, bar_version, tokens_since, said_at)
  select u.${id}, i.bar, i.bar_version, ${fromMs('i.tokens_since')}, i.said_at
  from unnest($1::${idType}[], $2::text[], $3::bigint[], $4::float8[], $5::bigint[])
    as i (user_id, bar, bar_version, tokens_since, said_at)
  join ${table} u on u.${id} = i.user_id
  on conflict (user_id) do update set
    bar = case when excluded.bar_version > a.bar_version then excluded.bar else a.bar end,
    bar_version = greatest(a.bar_version, excluded.bar_version),
    tokens_since = greatest(a.tokens_since, excluded.tokens_since),
    said_at = greatest(a.said_at, excluded.said_at)
  where excluded.bar_version > a.bar_version
    or excluded.tokens_since > coalesce(a.tokens_since, '-infinity')`

/** Stores what was said of these users' access. */
export function accessSaver(database: Database, users: HostUsers) {
  const sql = saveSql(users)
  return async (said: readonly Omit<AccessRow, 'saidAt'>[]): Promise<void> => {
    if (said.length === 0) return
    await database.rows(sql, [
      said.map(({ userId }) => userId),
      said.map(({ access }) => access.bar),
      said.map(({ access }) => access.version),
      said.map(({ access }) => access.tokensSince),
      said.map(({ access }) => saidAt(access)),
    ])
  }
}

const SINCE = `
  select user_id::text, said_at, ${accessColumns('a')}
  from porchlight_access a where said_at > $1 order by said_at, user_id limit $2`

/** Reads what was said lately. */
export const accessReader =
  (database: Database) =>
  async (after: number, limit: number): Promise<AccessRow[]> => {
    const rows = await database.rows<LoadedAccess & { user_id: string; said_at: string }>(SINCE, [after, limit])
    return rows.map((row) => ({ userId: row.user_id, saidAt: Number(row.said_at), access: loadedAccess(row) }))
  }

const missingSql = ({ table, id, idType }: HostUsers): string => `
  select i.user_id::text from unnest($1::${idType}[]) as i (user_id)
  where not exists (select 1 from ${table} u where u.${id} = i.user_id)`

/** Finds those who were deleted. */
export function missingUsersReader(database: Database, users: HostUsers) {
  const sql = missingSql(users)
  return async (userIds: readonly string[]): Promise<string[]> => {
    if (userIds.length === 0) return []
    const rows = await database.rows<{ user_id: string }>(sql, [userIds])
    return rows.map(({ user_id }) => user_id)
  }
}
