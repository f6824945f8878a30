import { latest, sharing, type UserRecord } from '../../domain/user-record.ts'
import { inBucket, looksSame, type View } from '../../domain/view.ts'
import { allowanceOf, type LevelledAudience } from '../../domain/visibility.ts'
import type { SessionRow } from '../contract.ts'
import type { StoredUser } from './stored-user.ts'

/** What is known of a user's stored sessions when a process starts. Moments in epoch milliseconds. */
export interface Leftovers {
  readonly sessions: readonly SessionRow[]
  /** The last moment at which a process wrote down that it was alive, or null. */
  readonly aliveAt: number | null
  readonly now: number
}

/**
 * The last moment that proves a user was here: that of their sessions; if all of them ended in time and only the projection
 * is late, the last end.
 */
function evidenceOf({ sessions, aliveAt }: Leftovers): number | null {
  const lastPing = sessions.reduce<number | null>((at, session) => latest(at, session.lastPing), null)
  return lastPing !== null && sessions.some(({ isActive }) => isActive) ? latest(lastPing, aliveAt) : lastPing
}

/** A user whom an earlier run left present, as they are now that it is gone: offline by the last evidence (R8). */
export function endStored(user: StoredUser, leftovers: Leftovers): StoredUser {
  const { host, row } = user
  if (row === null || row.record.own.status === 'offline') return user
  const { record } = row
  const seenAt = latest(latest(record.lastSeenAt, record.own.lastSeenAt), evidenceOf(leftovers) ?? leftovers.aliveAt)
  const visible = record.visibility.visible && host.show_online_status && user.access.bar === null
  const visibility = { ...record.visibility, visible }
  const version = Math.max(
    record.version + 1,
    record.stranger.version + 1,
    record.contact.version + 1,
    Math.floor(leftovers.now * 1000),
  )
  const access = { stranger: allowanceOf(visibility, 'stranger'), contact: allowanceOf(visibility, 'contact') }
  const kept = (audience: LevelledAudience, before: number | null, since: number | null): number | null => {
    const isShown = access[audience].lastSeen && seenAt !== null && seenAt >= (since ?? Number.NEGATIVE_INFINITY)
    return isShown ? latest(before, inBucket(seenAt, access[audience])) : before
  }
  const shown = {
    ...record.shown,
    lastSeenAt: kept('stranger', record.shown.lastSeenAt, visibility.since),
    contactSeenAt: kept('contact', record.shown.contactSeenAt, visibility.contactSince),
  }
  const left = (audience: LevelledAudience, before: View, at: number | null): View => {
    const lastSeenAt = access[audience].lastSeen ? inBucket(at, access[audience]) : null
    const view = { status: 'offline', lastSeenAt, message: null, version } as const
    // Who may know nothing of it learns nothing, not even that a version moved (R31).
    return looksSame(before, view) ? before : view
  }
  const stranger = left('stranger', record.stranger, shown.lastSeenAt)
  const after: UserRecord = {
    ...record,
    version,
    lastSeenAt: seenAt,
    own: { status: 'offline', lastSeenAt: seenAt, message: null, version },
    shown,
    contact: sharing(left('contact', record.contact, shown.contactSeenAt), stranger),
    stranger,
  }
  return {
    ...user,
    host: { ...host, online_status: 'offline' },
    row: { record: after, publicActivityAt: access.stranger.lastSeen ? row.publicActivityAt : null },
  }
}
