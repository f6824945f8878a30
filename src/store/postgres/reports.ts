import { PresenceError } from '../../domain/errors.ts'
import type { Status } from '../../domain/status.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { ReportStore } from '../report-contract.ts'
import { type Database, despiteDeletions } from './database.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs } from './moments.ts'
import type { PersonalTable } from './personal-tables.ts'

interface ReportRow {
  readonly id: string
  readonly user_id: string | number
  readonly message: string
  readonly status: Status
  readonly reason: string | null
  readonly at: number
}

/** A reported message is its author's; who reported it, why, and who cleared it is not for them to know. */
export const REPORTS_TABLE: PersonalTable = {
  table: 'porchlight_reports',
  owner: 'user_id',
  others: ['reporter_id'],
  withheld: ['reporter_id', 'reason', 'resolved_by'],
  erase: ({ idType }) => `
    with written as (
      delete from porchlight_reports where user_id = $1::${idType} and reported_at <= ${fromMs('$2::float8')} returning 1
    ), reported as (
      update porchlight_reports set reporter_id = null, reason = null
      where reporter_id = $1::${idType} and reported_at <= ${fromMs('$2::float8')} returning 1
    )
    select 1 from written union all select 1 from reported`,
}

const saveSql = ({ table, id, idType }: HostUsers): string => `
  insert into porchlight_reports (user_id, reporter_id, message, status, reason, reported_at)
  select reported.${id}, reporter.${id}, $3, $4, $5, ${fromMs('$6::float8')}
  from ${table} reported, ${table} reporter
  where reported.${id} = $1::${idType} and reporter.${id} = $2::${idType}
  on conflict (user_id, reporter_id, message) where resolved_at is null do nothing
  returning id`

const OPEN_SQL = `
  select id::text, user_id, message, status, reason, extract(epoch from reported_at)::float8 * 1000 as at
  from porchlight_reports
  where resolved_at is null and ($1::bigint is null or id > $1)
  order by id
  limit $2`

const resolveSql = ({ idType }: HostUsers): string => `
  update porchlight_reports set resolved_at = ${fromMs('$3::float8')}, resolved_by = $2
  where user_id = $1::${idType} and resolved_at is null
  returning id`

/** Reports in PostgreSQL, in a table of their own. */
export function createReportStore(database: Database, users: HostUsers, codec: UserIdCodec): ReportStore {
  const save = saveSql(users)
  const resolve = resolveSql(users)
  return {
    async save({ userId, reporterId, message, status, reason, at }) {
      const values = [userId, reporterId, message, status, reason, at]
      const saved = await despiteDeletions(() => database.rows(save, values))
      return saved.length > 0
    },
    async open(after, limit) {
      const rows = await database.rows<ReportRow>(OPEN_SQL, [placeOf(after), limit])
      return rows.map(({ id, user_id: userId, message, status, reason, at }) => ({
        id,
        userId: codec.parse(String(userId)) ?? String(userId),
        message,
        status,
        reason,
        at: Math.round(at),
      }))
    },
    resolve: async (userId, by, at) => (await database.rows(resolve, [userId, by, at])).length,
  }
}

const PLACE = /^\d{1,18}$/

/** @throws {PresenceError} INVALID_CURSOR */
function placeOf(after: string | null): string | null {
  if (after !== null && !PLACE.test(after)) {
    throw new PresenceError('INVALID_CURSOR', 'The cursor is not one that was handed out.')
  }
  return after
}
