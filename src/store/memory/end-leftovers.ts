import { latest, type UserRecord } from '../../domain/user-record.ts'
import type { SessionRow } from '../contract.ts'
import { isMasked, type StoredUser } from './stored-user.ts'

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
  const isShown = visible && seenAt !== null && seenAt >= (record.visibility.since ?? Number.NEGATIVE_INFINITY)
  const keptSeenAt = isShown ? latest(record.shown.lastSeenAt, seenAt) : record.shown.lastSeenAt
  const version = Math.max(record.version + 1, record.stranger.version + 1, Math.floor(leftovers.now * 1000))
  const strangerSeenAt = visible ? keptSeenAt : null
  const untold = isMasked(record.stranger) && !visible
  const after: UserRecord = {
    ...record,
    version,
    lastSeenAt: seenAt,
    own: { status: 'offline', lastSeenAt: seenAt, message: null, version },
    shown: { ...record.shown, lastSeenAt: keptSeenAt },
    stranger: untold ? record.stranger : { status: 'offline', lastSeenAt: strangerSeenAt, message: null, version },
  }
  return {
    ...user,
    host: { ...host, online_status: 'offline' },
    row: { record: after, publicActivityAt: visible ? row.publicActivityAt : null },
  }
}
