import { shortenAddress } from '../domain/shorten-address.ts'
import type { DurableStore, OldSessions, SessionTrace } from '../store/contract.ts'

/** Sessions shortened or deleted by one statement: well below a second, even on a busy disk. */
const CHUNK = 1_000
const DAY_MS = 86_400_000

export interface Retention {
  /** Days after a session began until it is shortened, and until it is deleted. */
  readonly retentionDays: number
  readonly deletionDays: number
  /** What is kept of a user agent. */
  readonly familyOf: (userAgent: string | null) => string | null
}

/** What one part did, and whether another one follows. */
export interface Retained extends OldSessions {
  readonly isLast: boolean
}

type Sessions = Pick<DurableStore, 'shortenSessions' | 'deleteSessions' | 'countOldSessions'>

/** Before which moments sessions began that are shortened or deleted now. */
const momentsOf = ({ retentionDays, deletionDays }: Retention, now: number): OldSessions => ({
  shortened: now - retentionDays * DAY_MS,
  deleted: now - deletionDays * DAY_MS,
})

/** How much there is to do. */
export const countOld = (sessions: Sessions, retention: Retention, now: number): Promise<OldSessions> =>
  sessions.countOldSessions(momentsOf(retention, now))

/**
 * Deletes a part of what is too old, or else shortens one (R35). It may be stopped at any point and done by several at once: what is done is
 * done.
 */
export async function retainPart(sessions: Sessions, retention: Retention, now: number): Promise<Retained> {
  const { familyOf } = retention
  const before = momentsOf(retention, now)
  const deleted = await sessions.deleteSessions(before.deleted, CHUNK)
  if (deleted === CHUNK) return { deleted, shortened: 0, isLast: false }
  const shorten = ({ ipAddress, userAgent }: SessionTrace): SessionTrace => ({
    ipAddress: shortenAddress(ipAddress),
    userAgent: familyOf(userAgent),
  })
  const shortened = await sessions.shortenSessions(before.shortened, CHUNK, shorten)
  return { deleted, shortened, isLast: shortened < CHUNK }
}
