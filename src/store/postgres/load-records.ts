import { type Choice, NO_CHOICE } from '../../domain/presence.ts'
import type { ChosenStatus, Status } from '../../domain/status.ts'
import { NO_PAIRS } from '../../domain/pairs.ts'
import { newRecord, sharing, type UserRecord } from '../../domain/user-record.ts'
import { narrowed, type View } from '../../domain/view.ts'
import { allowanceOf } from '../../domain/visibility.ts'
import {
  BLOCK_FLOOR_SQL,
  contactFrom,
  pairsFrom,
  type StoredAudiences,
  type StoredBlock,
  type StoredContactView,
  visibilityFrom,
} from './audience-columns.ts'
import { accessColumns, type LoadedAccess, loadedAccess } from './access.ts'
import type { Database } from './database.ts'
import type { HostUsers } from './host-users.ts'
import { toMs } from './moments.ts'

/** A user with their own row, if they have one. bigint arrives as text; versions stay below 2^53 (R7). */
interface LoadedRow extends LoadedAccess {
  readonly user_id: string
  readonly host_visible: boolean
  readonly host_activity: number | null
  /** Null without an own row; all of the following are, then. */
  readonly version: string | null
  readonly status: Status
  readonly last_seen: number | null
  readonly last_activity: number | null
  readonly own_last_seen: number | null
  readonly own_message: string | null
  readonly own_version: string
  readonly choice_status: ChosenStatus | null
  readonly choice_message: string | null
  readonly choice_expires_at: number | null
  readonly choice_version: string
  readonly visible: boolean
  readonly visible_since: number | null
  readonly visibility_version: string
  readonly kept_last_seen: number | null
  readonly kept_activity: number | null
  readonly public_status: Status
  readonly public_last_seen: number | null
  readonly public_message: string | null
  readonly public_version: string
  readonly audiences: StoredAudiences | null
  readonly contact_view: StoredContactView | null
  /** Also of those without an own row. */
  readonly blocks: readonly StoredBlock[] | null
}

const loadSql = ({ table, id, idType }: HostUsers): string => `
  select u.${id}::text as user_id, u.show_online_status as host_visible, ${toMs('u.last_activity')} as host_activity,
    p.version, p.status, ${toMs('p.last_seen')} as last_seen, ${toMs('p.last_activity')} as last_activity,
    ${toMs('p.own_last_seen')} as own_last_seen, p.own_message, p.own_version,
    p.choice_status, p.choice_message, ${toMs('p.choice_expires_at')} as choice_expires_at, p.choice_version,
    p.visible, ${toMs('p.visible_since')} as visible_since, p.visibility_version,
    ${toMs('p.kept_last_seen')} as kept_last_seen, ${toMs('p.kept_activity')} as kept_activity,
    p.public_status, ${toMs('p.public_last_seen')} as public_last_seen, p.public_message, p.public_version,
    p.audiences, p.contact_view,
    (select json_agg(json_build_array(b.viewer_id::text, b.blocked, b.version::text, ${BLOCK_FLOOR_SQL}::text) order by b.version)
      from porchlight_blocks b where b.user_id = u.${id}) as blocks,
    ${accessColumns('a')}
  from ${table} u left join porchlight_presence p on p.user_id = u.${id}
    left join porchlight_access a on a.user_id = u.${id}
  where u.${id} = any($1::${idType}[])`

/** Reads records as PostgreSQL knows them; users who are not there are left out. */
export function recordLoader(database: Database, users: HostUsers) {
  const sql = loadSql(users)
  return async (userIds: readonly string[]): Promise<UserRecord[]> => {
    if (userIds.length === 0) return []
    const rows = await database.rows<LoadedRow>(sql, [userIds])
    return rows.map((row) => withPairs(row.version === null ? hostRecord(row) : ownRecord(row, row.version), row))
  }
}

/** Versions of decisions about viewers are above the record's, which is not written with them. */
function withPairs(record: UserRecord, { blocks }: LoadedRow): UserRecord {
  const pairs = pairsFrom(blocks)
  return pairs === NO_PAIRS
    ? record
    : { ...record, pairs, version: Math.max(record.version, ...pairs.map(({ version }) => version)) }
}

/** Somebody of whom only the host's columns tell: never here since presence was added. */
function hostRecord(row: LoadedRow): UserRecord {
  const { user_id, host_visible, host_activity } = row
  const blank = newRecord(user_id)
  const access = loadedAccess(row)
  const open = host_visible && access.bar === null ? host_activity : null
  const stranger = { ...blank.stranger, lastSeenAt: open }
  return {
    ...blank,
    access,
    visibility: { ...blank.visibility, visible: host_visible },
    lastActivityAt: host_activity,
    lastSeenAt: host_activity,
    shown: { lastSeenAt: open, lastActivityAt: open, contactSeenAt: open },
    own: { ...blank.own, lastSeenAt: host_activity },
    contact: stranger,
    stranger,
  }
}

function ownRecord(row: LoadedRow, version: string): UserRecord {
  // The host's column is what people can see and change; if it and our row disagree, whoever hides wins (R34).
  const access = loadedAccess(row)
  const decided = visibilityFrom(
    { visible: row.visible, since: row.visible_since, version: Number(row.visibility_version) },
    row.audiences,
  )
  const visibility = { ...decided, visible: row.host_visible && decided.visible }
  const stored = viewOf(row)
  const shown = { ...visibility, visible: visibility.visible && access.bar === null }
  const stranger = narrowed(stored, allowanceOf(shown, 'stranger'), 0)
  const kept = contactFrom(row.contact_view, stored, row.kept_last_seen)
  const contact = narrowed(kept.contact, allowanceOf(shown, 'contact'), visibility.version)
  const choice = choiceOf(row)
  return {
    ...newRecord(row.user_id),
    version: Number(version),
    choice,
    access,
    visibility,
    lastActivityAt: row.last_activity,
    lastSeenAt: row.last_seen,
    shown: {
      lastSeenAt: row.kept_last_seen,
      lastActivityAt: row.kept_activity,
      contactSeenAt: kept.contactSeenAt,
    },
    own: {
      status: row.status,
      lastSeenAt: row.own_last_seen,
      message: row.own_message,
      version: Number(row.own_version),
    },
    contact: sharing(kept.contact === stored ? stranger : contact, stranger),
    stranger,
    deadline: choice.expiresAt,
  }
}

function choiceOf(row: LoadedRow): Choice {
  return {
    ...NO_CHOICE,
    status: row.choice_status,
    message: row.choice_message,
    expiresAt: row.choice_expires_at,
    version: Number(row.choice_version),
  }
}

/** Hidden in the host's column only, or barred a moment ago, what was shown is retracted; a view that changes has a version of its own. */
const viewOf = (row: LoadedRow): View => ({
  status: row.public_status,
  lastSeenAt: row.public_last_seen,
  message: row.public_message,
  version: Number(row.public_version),
})
