import { type Access, mergeAccess } from '../../domain/access.ts'
import type { Status } from '../../domain/status.ts'
import { isShown, latest, newRecord, type UserRecord } from '../../domain/user-record.ts'
import { UNSEEN, type View } from '../../domain/view.ts'
import type { Decision } from '../contract.ts'

/** The four columns of the host's own table, as 4.1 names them; moments in epoch milliseconds. */
export interface HostColumns {
  readonly online_status: Status
  readonly last_activity: number | null
  readonly show_online_status: boolean
  readonly custom_status_message: string | null
}

/** A user as a durable store keeps them: what the host's columns say, and our row, if there is one. */
export interface StoredUser {
  readonly host: HostColumns
  readonly access: Access
  readonly row: StoredRow | null
}

/** Our row: a record without what only lives, and the last activity that a search may use. */
export interface StoredRow {
  readonly record: UserRecord
  readonly publicActivityAt: number | null
}

const NOTHING: UserRecord['shown'] = { lastSeenAt: null, lastActivityAt: null }

export const NEW_HOST_COLUMNS: HostColumns = {
  online_status: 'offline',
  last_activity: null,
  show_online_status: true,
  custom_status_message: null,
}

/** The record as `load` answers it. The host's column is what people can change, so whoever hides there is hidden (R34). */
export function loadStored(userId: string, { host, row, access }: StoredUser): UserRecord {
  if (row === null) {
    const record = recordOfHost(userId, host)
    return access.bar === null
      ? { ...record, access }
      : { ...record, access, shown: NOTHING, stranger: { ...UNSEEN, version: 0 } }
  }
  const { record } = row
  const visible = host.show_online_status && record.visibility.visible
  const isOpen = visible && access.bar === null
  const stranger = isOpen || isMasked(record.stranger) ? record.stranger : masked(record.stranger)
  return {
    ...record,
    access,
    visibility: { ...record.visibility, visible },
    stranger,
    deadline: record.choice.expiresAt,
  }
}

/** Somebody of whom only the host's columns tell: never here since presence was added. */
function recordOfHost(userId: string, { show_online_status: visible, last_activity: at }: HostColumns): UserRecord {
  const blank = newRecord(userId)
  const open = visible ? at : null
  return {
    ...blank,
    visibility: { ...blank.visibility, visible },
    lastActivityAt: at,
    lastSeenAt: at,
    shown: { lastSeenAt: open, lastActivityAt: open },
    own: { ...blank.own, lastSeenAt: at },
    stranger: { ...blank.stranger, lastSeenAt: open },
  }
}

export const isMasked = ({ status, lastSeenAt, message }: View): boolean =>
  status === 'offline' && lastSeenAt === null && message === null

/** What was shown is retracted, and a view that changes has a version of its own. */
const masked = (view: View, version = 0): View => ({ ...UNSEEN, version: Math.max(view.version + 1, version) })

/** The user after a projection: each part guarded by the version of the decision that may have passed it (R20, R32). */
export function projectOnto(user: StoredUser, observed: UserRecord): StoredUser {
  const { host, row } = user
  const access = observed.access.bar === 'USER_DELETED' ? user.access : mergeAccess(user.access, observed.access)
  const old = row?.record ?? null
  if (old !== null && old.version > observed.version) return { host, row, access }
  const keepsVisibility = old !== null && old.visibility.version > observed.visibility.version
  const keepsPublic = keepsVisibility && !old.visibility.visible
  const { shown, stranger } = keepsPublic ? old : observed
  const record: UserRecord = {
    ...observed,
    sessions: [],
    revoked: [],
    presumed: null,
    lastEndedAt: null,
    choice: old !== null && old.choice.version > observed.choice.version ? old.choice : observed.choice,
    visibility: keepsVisibility ? old.visibility : observed.visibility,
    shown,
    stranger,
  }
  const shownActivityAt = isShown(observed) ? observed.shown.lastActivityAt : null
  return {
    access,
    row: { record, publicActivityAt: keepsPublic ? (row?.publicActivityAt ?? null) : shownActivityAt },
    host: {
      online_status: record.own.status,
      last_activity: latest(host.last_activity, shown.lastActivityAt),
      show_online_status:
        (old?.visibility.version ?? 0) < observed.visibility.version
          ? record.visibility.visible
          : host.show_online_status,
      custom_status_message: record.choice.message,
    },
  }
}

/** The user after a decision, or as before when a newer one is stored. */
export function decideOn(userId: string, user: StoredUser, decision: Decision): StoredUser {
  if (decision.kind === 'access') return { ...user, access: mergeAccess(user.access, decision.access) }
  const row = user.row ?? firstRow(userId, user.host)
  return decision.kind === 'choice'
    ? { ...user, ...decideChoice(user.host, row, decision) }
    : { ...user, ...decideVisibility(user.host, row, decision, user.row === null) }
}

/** A user's first own row starts from what the host's columns tell of them, exactly as without one. */
const firstRow = (userId: string, host: HostColumns): StoredRow => ({
  record: recordOfHost(userId, host),
  publicActivityAt: host.show_online_status ? host.last_activity : null,
})

type Decided = Omit<StoredUser, 'access'>

function decideChoice(host: HostColumns, row: StoredRow, { choice }: Decision & { kind: 'choice' }): Decided {
  const { record } = row
  if (record.choice.version >= choice.version) return { host, row }
  return {
    host: { ...host, custom_status_message: choice.message },
    row: { ...row, record: { ...record, version: Math.max(record.version, choice.version), choice } },
  }
}

function decideVisibility(
  host: HostColumns,
  { record, publicActivityAt }: StoredRow,
  { visible, since, version }: Decision & { kind: 'visibility' },
  isFirst: boolean,
): Decided {
  if (record.visibility.version >= version) return { host, row: { record, publicActivityAt } }
  const decided = {
    ...record,
    version: Math.max(record.version, version),
    visibility: { visible, since, version },
  }
  // Of whom nothing was stored yet nothing was told either, so no version of theirs has to move (R31).
  const untold = isFirst ? { ...UNSEEN, version: 0 } : masked(record.stranger, version)
  const stranger = visible || isMasked(record.stranger) ? record.stranger : untold
  return {
    host: { ...host, show_online_status: visible },
    row: { record: { ...decided, stranger }, publicActivityAt: visible ? publicActivityAt : null },
  }
}
