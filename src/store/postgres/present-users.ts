import type { Database } from './database.ts'
import type { HostUsers } from './host-users.ts'

// Read in pages by the store that lost everything, and at each start: the next page begins after the last row of the one before.

const presentSql = ({ idType }: HostUsers): string => `
  select user_id::text from porchlight_presence
  where status <> 'offline' and ($1::${idType} is null or user_id > $1::${idType})
  order by user_id limit $2`

/** Users held as present, in order of their ids. */
export function presentUsersReader(database: Database, users: HostUsers) {
  const sql = presentSql(users)
  return async (after: string | null, limit: number): Promise<string[]> => {
    const rows = await database.rows<{ user_id: string }>(sql, [after, limit])
    return rows.map(({ user_id }) => user_id)
  }
}

const ACTIVE = `
  select id::text, user_id::text from user_sessions
  where is_active and ($1::uuid is null or id > $1::uuid)
  order by id limit $2`

/** Sessions held as active, in order of their ids. */
export const activeSessionsReader =
  (database: Database) =>
  async (after: string | null, limit: number): Promise<{ sessionId: string; userId: string }[]> => {
    const rows = await database.rows<{ id: string; user_id: string }>(ACTIVE, [after, limit])
    return rows.map(({ id, user_id }) => ({ sessionId: id, userId: user_id }))
  }

/** Marks rows as ended. Their last ping stays: it is the last evidence (R13). */
export const sessionEnder =
  (database: Database) =>
  async (sessionIds: readonly string[]): Promise<void> => {
    if (sessionIds.length === 0) return
    await database.rows('update user_sessions set is_active = false where id = any($1::uuid[]) and is_active', [
      sessionIds,
    ])
  }
