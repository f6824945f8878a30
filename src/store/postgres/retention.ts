import type { OldSessions, SessionTrace } from '../contract.ts'
import type { Database, Transact } from './database.ts'
import { fromMs } from './moments.ts'

interface TraceRow {
  readonly id: string
  readonly ip_address: string | null
  readonly user_agent: string | null
  /** To the microsecond, which a number does not hold. */
  readonly connected_at: string
}

// Whoever else is at it waits here, so that nobody leaves anything out.
const HOW_FAR = 'select 1 from porchlight_retention for update'

const NEXT = `
  select s.id::text, s.ip_address, s.user_agent, s.connected_at::text
  from porchlight_retention r
  join lateral (
    select * from user_sessions s
    where (s.connected_at, s.id) > (r.connected_at, r.session_id) and s.connected_at < ${fromMs('$1')}
    order by s.connected_at, s.id limit $2
  ) s on true
  order by s.connected_at, s.id`

/** Rows that are short already are not written again. */
const SHORTEN = `
  with shortened as (
    update user_sessions s set ip_address = given.ip_address, user_agent = given.user_agent
    from unnest($1::uuid[], $2::text[], $3::text[]) as given (id, ip_address, user_agent)
    where s.id = any($1::uuid[]) and s.id = given.id
      and (s.ip_address, s.user_agent) is distinct from (given.ip_address, given.user_agent)
  )
  update porchlight_retention set connected_at = $4::timestamptz, session_id = $5::uuid`

/** Rows that somebody writes just now are left for the next time. */
const DELETE = `
  with gone as (
    delete from user_sessions where id = any(array(
      select id from user_sessions where connected_at < ${fromMs('$1')} and not is_active
      order by connected_at, id limit $2 for update skip locked
    )) returning 1
  )
  select count(*)::int as count from gone`

const COUNT = `
  select
    (select count(*)::int from user_sessions where connected_at < ${fromMs('$2')} and not is_active) as deleted,
    (select count(*)::int from user_sessions s, porchlight_retention r
      where (s.connected_at, s.id) > (r.connected_at, r.session_id) and s.connected_at < ${fromMs('$1')}
        and not (s.connected_at < ${fromMs('$2')} and not s.is_active)) as shortened`

/** What keeps old sessions no longer, and no more precisely, than needed (R35). */
export interface RetentionVerbs {
  shortenSessions(before: number, limit: number, shorten: (trace: SessionTrace) => SessionTrace): Promise<number>
  deleteSessions(before: number, limit: number): Promise<number>
  countOldSessions(moments: OldSessions): Promise<OldSessions>
}

export const retentionVerbs = (database: Database, transact: Transact): RetentionVerbs => ({
  shortenSessions: (before, limit, shorten) =>
    transact(async (inside) => {
      await inside.rows(HOW_FAR)
      const rows = await inside.rows<TraceRow>(NEXT, [before, limit])
      const last = rows.at(-1)
      if (!last) return 0
      const kept = rows.map(({ ip_address, user_agent }) => shorten({ ipAddress: ip_address, userAgent: user_agent }))
      await inside.rows(SHORTEN, [
        rows.map(({ id }) => id),
        kept.map(({ ipAddress }) => ipAddress),
        kept.map(({ userAgent }) => userAgent),
        last.connected_at,
        last.id,
      ])
      return rows.length
    }),
  deleteSessions: (before, limit) =>
    transact(async (inside) => (await inside.rows<{ count: number }>(DELETE, [before, limit]))[0]?.count ?? 0),
  async countOldSessions({ shortened, deleted }) {
    const [counts] = await database.rows<OldSessions>(COUNT, [shortened, deleted])
    return counts ?? { shortened: 0, deleted: 0 }
  },
})
