import { type Access, mergeAccess } from '../../domain/access.ts'
import { NO_PAIRS, type Pair } from '../../domain/pairs.ts'
import type { Status } from '../../domain/status.ts'
import { latest, newRecord, publicActivity, sharing, type UserRecord } from '../../domain/user-record.ts'
import { inBucket, narrowed, UNSEEN, type View } from '../../domain/view.ts'
import { allowanceOf, type Decided, isOpen, type LevelledAudience, type Visibility } from '../../domain/visibility.ts'
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
  /** Viewer id to what was decided of them. */
  readonly blockings: ReadonlyMap<string, Pair>
}

/** Our row: a record without what only lives, and the last activity that a search may use. */
export interface StoredRow {
  readonly record: UserRecord
  readonly publicActivityAt: number | null
}

const NOTHING: UserRecord['shown'] = { lastSeenAt: null, lastActivityAt: null, contactSeenAt: null }

export const NEW_HOST_COLUMNS: HostColumns = {
  online_status: 'offline',
  last_activity: null,
  show_online_status: true,
  custom_status_message: null,
}

/** The record as `load` answers it. The host's column is what people can change, so whoever hides there is hidden (R34). */
export function loadStored(userId: string, { host, row, access, blockings }: StoredUser): UserRecord {
  const pairs = blockings.size === 0 ? NO_PAIRS : [...blockings.values()]
  const versionOf = (version: number): number => Math.max(version, ...pairs.map((pair) => pair.version))
  if (row === null) {
    const record = { ...recordOfHost(userId, host), version: versionOf(0), access, pairs }
    const others = { ...UNSEEN, version: 0 }
    return access.bar === null ? record : { ...record, shown: NOTHING, contact: others, stranger: others }
  }
  const { record } = row
  const visible = host.show_online_status && record.visibility.visible
  const isBarred = access.bar !== null
  const shownAs = (view: View): View => ((visible && !isBarred) || isMasked(view) ? view : masked(view))
  const stranger = shownAs(record.stranger)
  return {
    ...record,
    access,
    version: versionOf(record.version),
    visibility: { ...record.visibility, visible },
    contact: sharing(shownAs(record.contact), stranger),
    stranger,
    pairs,
    deadline: record.choice.expiresAt,
  }
}

/** Somebody of whom only the host's columns tell: never here since presence was added. */
function recordOfHost(userId: string, { show_online_status: visible, last_activity: at }: HostColumns): UserRecord {
  const blank = newRecord(userId)
  const open = visible ? at : null
  const stranger = { ...blank.stranger, lastSeenAt: open }
  return {
    ...blank,
    visibility: { ...blank.visibility, visible },
    lastActivityAt: at,
    lastSeenAt: at,
    shown: { lastSeenAt: open, lastActivityAt: open, contactSeenAt: open },
    own: { ...blank.own, lastSeenAt: at },
    contact: stranger,
    stranger,
  }
}

const isMasked = ({ status, lastSeenAt, message }: View): boolean =>
  status === 'offline' && lastSeenAt === null && message === null

/** What was shown is retracted, and a view that changes has a version of its own. */
const masked = (view: View): View => ({ ...UNSEEN, version: view.version + 1 })

/** The user after a projection: each part guarded by the version of the decision that may have passed it (R20, R32). */
export function projectOnto(user: StoredUser, observed: UserRecord): StoredUser {
  const { host, row, blockings } = user
  const access = observed.access.bar === 'USER_DELETED' ? user.access : mergeAccess(user.access, observed.access)
  const old = row?.record ?? null
  if (old !== null && old.version > observed.version) return { ...user, access }
  const keepsVisibility = old !== null && old.visibility.version > observed.visibility.version
  const keepsPublic = keepsVisibility && !isOpenToAll(old.visibility)
  const { shown, contact, stranger } = keepsPublic ? old : observed
  const record: UserRecord = {
    ...observed,
    sessions: [],
    revoked: [],
    presumed: null,
    lastEndedAt: null,
    choice: old !== null && old.choice.version > observed.choice.version ? old.choice : observed.choice,
    visibility: keepsVisibility ? old.visibility : observed.visibility,
    shown,
    contact,
    stranger,
    pairs: NO_PAIRS,
  }
  const publicActivityAt = keepsPublic ? (row?.publicActivityAt ?? null) : publicActivity(observed)
  const isNarrowed = !isOpen(record.visibility.levels)
  return {
    access,
    blockings,
    row: { record, publicActivityAt },
    host: {
      online_status: isNarrowed ? stranger.status : record.own.status,
      last_activity: isNarrowed ? publicActivityAt : latest(host.last_activity, shown.lastActivityAt),
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
  if (decision.kind === 'block') return decideBlock(user, decision)
  const row = user.row ?? firstRow(userId, user.host)
  return decision.kind === 'choice'
    ? decideChoice({ ...user, row }, decision)
    : decideVisibility({ ...user, row }, decision.visibility, user.row === null)
}

function decideBlock(user: StoredUser, decision: Decision & { kind: 'block' }): StoredUser {
  const { viewerId, blocked, version, floor } = decision
  const known = user.blockings.get(viewerId)
  if (known && (known.version > version || (known.version === version && known.floor >= floor))) return user
  return { ...user, blockings: new Map(user.blockings).set(viewerId, { viewerId, blocked, version, floor }) }
}

/** A user's first own row starts from what the host's columns tell of them, exactly as without one. */
const firstRow = (userId: string, host: HostColumns): StoredRow => ({
  record: recordOfHost(userId, host),
  publicActivityAt: host.show_online_status ? host.last_activity : null,
})

type WithRow = StoredUser & { readonly row: StoredRow }

function decideChoice(user: WithRow, { choice }: Decision & { kind: 'choice' }): StoredUser {
  const { host, row } = user
  const { record } = row
  if (record.choice.version >= choice.version) return user
  return {
    ...user,
    host: { ...host, custom_status_message: choice.message },
    row: { ...row, record: { ...record, version: Math.max(record.version, choice.version), choice } },
  }
}

/** What the decision takes away is gone at once; what it lets others know more comes with the projection (R32). */
function decideVisibility(user: WithRow, visibility: Visibility, isFirst: boolean): StoredUser {
  const { host, row } = user
  const { record } = row
  const { version } = visibility
  if (record.visibility.version >= version) return user
  // Of whom nothing was stored yet nothing was told either, so no version of theirs has to move (R31).
  const left = (view: View, audience: LevelledAudience): View => {
    const after = narrowed(view, allowanceOf(visibility, audience), version)
    return isFirst && after !== view ? { ...after, version: 0 } : after
  }
  const stranger = left(record.stranger, 'stranger')
  const access = allowanceOf(visibility, 'stranger')
  const publicActivityAt = access.lastSeen ? inBucket(row.publicActivityAt, access) : null
  const isNarrowed = !isOpen(visibility.levels)
  return {
    ...user,
    host: {
      ...host,
      show_online_status: visibility.visible,
      ...(isNarrowed && { online_status: stranger.status, last_activity: publicActivityAt }),
    },
    row: {
      publicActivityAt,
      record: {
        ...record,
        version: Math.max(record.version, version),
        visibility,
        contact: sharing(left(record.contact, 'contact'), stranger),
        stranger,
      },
    },
  }
}

/** Whether strangers see all there is. */
const isOpenToAll = ({ visible, levels }: Decided): boolean => visible && isOpen(levels)
