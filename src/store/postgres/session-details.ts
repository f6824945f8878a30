import type { SessionDetails } from '../contract.ts'
import type { Database } from './database.ts'
import { toMs } from './moments.ts'

interface DetailsRow {
  readonly id: string
  readonly ip_address: string | null
  readonly user_agent: string | null
  readonly last_ping: number
}

const DETAILS = `
  select id::text, ip_address, user_agent, ${toMs('last_ping')} as last_ping
  from user_sessions where id = any($1::uuid[])`

/** Reads what only `user_sessions` knows of these sessions; those that are not stored are left out. */
export const sessionDetailsReader =
  (database: Database) =>
  async (sessionIds: readonly string[]): Promise<Map<string, SessionDetails>> => {
    if (sessionIds.length === 0) return new Map()
    const rows = await database.rows<DetailsRow>(DETAILS, [sessionIds])
    return new Map(
      rows.map((row) => [row.id, { ipAddress: row.ip_address, userAgent: row.user_agent, lastPing: row.last_ping }]),
    )
  }
