import type { SessionRow } from '../contract.ts'
import { type Database, despiteDeletions } from './database.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs } from './moments.ts'
import type { PersonalTable } from './personal-tables.ts'

export const SESSIONS_TABLE: PersonalTable = {
  table: 'user_sessions',
  owner: 'user_id',
  erase: ({ idType }) => `
    delete from user_sessions where user_id = $1::${idType} and connected_at <= ${fromMs('$2')} returning 1`,
}

/**
 * What was written of a connection at first stays, and of one that began so long ago that it would be shortened by now nothing is
 * written: personal data that is gone is not brought back (R35). Sessions of before an erasure are over, and left out.
 */
const saveSql = ({ table, id, idType }: HostUsers): string => `
  insert into user_sessions as s (
    id, user_id, socket_id, device_type, ip_address, user_agent, connected_at, last_ping, is_active
  )
  select i.id, i.user_id, i.socket_id, i.device_type::enum_user_sessions_device_type,
    case when ${fromMs('i.connected_at')} > (select connected_at from porchlight_retention) then i.ip_address end,
    case when ${fromMs('i.connected_at')} > (select connected_at from porchlight_retention) then i.user_agent end,
    ${fromMs('i.connected_at')}, ${fromMs('i.last_ping')}, i.is_active
  from unnest(
    $1::uuid[], $2::${idType}[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::boolean[]
  ) as i (id, user_id, socket_id, device_type, ip_address, user_agent, connected_at, last_ping, is_active)
  join ${table} u on u.${id} = i.user_id
  -- Looked up by the key, one by one: a join would let a batch read the whole table.
  where coalesce(
    (select p.erased_at < ${fromMs('i.connected_at')} from porchlight_presence p where p.user_id = i.user_id), true
  )
  order by i.id
  on conflict (id) do update set
    socket_id = excluded.socket_id,
    last_ping = greatest(s.last_ping, excluded.last_ping),
    is_active = s.is_active and excluded.is_active`

/** Inserts or updates rows of `user_sessions`; an ended session stays ended, deleted users' rows are left out. */
export function sessionSaver(database: Database, users: HostUsers) {
  const sql = saveSql(users)
  return async (rows: readonly SessionRow[]): Promise<void> => {
    if (rows.length === 0) return
    const merged = mergeById(rows)
    const binds = [
      merged.map((row) => row.sessionId),
      merged.map((row) => row.userId),
      merged.map((row) => row.socketId),
      merged.map((row) => row.deviceType),
      merged.map((row) => row.ipAddress),
      merged.map((row) => row.userAgent),
      merged.map((row) => row.connectedAt),
      merged.map((row) => row.lastPing),
      merged.map((row) => row.isActive),
    ]
    await despiteDeletions(() => database.rows(sql, binds))
  }
}

// One statement cannot write the same row twice.
function mergeById(rows: readonly SessionRow[]): SessionRow[] {
  const merged = new Map<string, SessionRow>()
  for (const row of rows) {
    const other = merged.get(row.sessionId)
    merged.set(
      row.sessionId,
      other
        ? { ...row, lastPing: Math.max(other.lastPing, row.lastPing), isActive: other.isActive && row.isActive }
        : row,
    )
  }
  return [...merged.values()]
}
