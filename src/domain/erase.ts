import { NO_CHOICE } from './presence.ts'
import type { Rules } from './rules.ts'
import { REVOKED_KEPT_MS, type EndedSession } from './session.ts'
import { newRecord, settle, type Step, type UserRecord } from './user-record.ts'
import { nextVersion } from './version.ts'
import { VISIBLE } from './visibility.ts'

/**
 * Takes away all that is known of somebody, who is then as if never here: no session, no choice, no hiding, nobody blocked, no moment. Versions go on, and
 * the two decisions take this one's, so that nothing decided or observed before can come back over it (R7, R20). Connections
 * are to be closed, and never taken up again.
 */
export function erase(record: UserRecord, now: number, rules: Rules): Step {
  const { userId, own, contact, stranger, sessions } = record
  const version = nextVersion(record.version, now)
  const standing = sessions.filter(({ lost }) => lost === null)
  const draft: UserRecord = {
    ...newRecord(userId),
    version: record.version,
    revoked: [
      ...record.revoked,
      ...standing.map(({ sessionId }) => ({ sessionId, why: 'SIGNED_OUT' as const, at: now })),
    ].filter(({ at }) => at + REVOKED_KEPT_MS > now),
    // What the host said is not the user's to take away (R61).
    access: record.access,
    choice: { ...NO_CHOICE, version },
    // Nothing of before may be shown anew, should anybody still hold it (R32).
    visibility: { ...VISIBLE, since: now, contactSince: now, version },
    own,
    contact,
    stranger,
  }
  const ended: EndedSession[] = sessions.map((session) => ({ session, endedAt: session.lost?.evidenceAt ?? now }))
  return { record: settle(record, draft, now, rules).record, ended }
}

/** Whether a record has still something of before an erasure, as one that was read before it was stored. */
export const outlives = (record: UserRecord, erased: UserRecord): boolean =>
  record.visibility.version < erased.visibility.version || record.choice.version < erased.choice.version
