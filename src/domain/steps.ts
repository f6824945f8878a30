import { standingOf, tellsContactsApart, viewAt } from './info.ts'
import { type Pair, pairWith, withPair } from './pairs.ts'
import type { Choice } from './presence.ts'
import type { Rules } from './rules.ts'
import { type Access, admit, mergeAccess } from './access.ts'
import {
  type DeviceType,
  type EndedSession,
  NO_NODE,
  type Revocation,
  type RevokedSession,
  type Session,
} from './session.ts'
import { latest, settle, type Step, type UserRecord } from './user-record.ts'
import { nextVersion } from './version.ts'
import { looksSame, UNSEEN } from './view.ts'
import { type LevelledAudience, type Levels, nextVisibility } from './visibility.ts'

// Each function here is one atomic change to a user's record: pure, so that a store may run it again after a conflict.

/** How long a lost session of this kind of device lives on. Phones sleep their radios, so they get longer (R3). */
export const graceOf = (deviceType: DeviceType, rules: Rules): number =>
  deviceType === 'mobile' ? rules.mobileGraceMs : rules.graceMs

/**
 * Adds a session. The same device's session in grace ends, and its activity carries over: coming back by itself is not
 * a sign of use, so it makes no news (R3). Beyond `maxSessionsPerUser` sessions in grace go first, then
 * the longest idle one.
 *
 * @param issuedAt of the token it came with, see `admit`
 * @throws {PresenceError} BANNED, USER_NOT_FOUND, UNAUTHENTICATED: whoever may not be here is not let in, however close it was (R61)
 */
export function connect(
  record: UserRecord,
  session: Session,
  now: number,
  rules: Rules,
  issuedAt?: number | null,
): Step {
  admit(record.access, issuedAt)
  const replaced = record.sessions.filter(
    (other) => other.lost !== null && other.deviceId !== null && other.deviceId === session.deviceId,
  )
  const inherited = replaced.length > 0 ? Math.max(...replaced.map((other) => other.lastActivityAt)) : null
  const kept = record.sessions.filter((other) => !replaced.includes(other) && other.sessionId !== session.sessionId)
  const evicted = overflow(kept, rules.maxSessionsPerUser - 1)
  const sessions = kept.filter((other) => !evicted.includes(other))
  const ended = [
    ...replaced.map((other) => ({ session: other, endedAt: other.lost?.evidenceAt ?? now })),
    ...evicted.map((other) => ({ session: other, endedAt: other.lost?.evidenceAt ?? now })),
  ]
  const added = { ...session, lastActivityAt: inherited ?? now }
  const draft = {
    ...record,
    sessions: [...sessions, added],
    lastActivityAt: latest(record.lastActivityAt, inherited ?? now),
    revoked: revoke(record.revoked, evicted, 'EVICTED', now),
  }
  return settle(record, draft, now, rules, ended)
}

/** Remembers those whose connection still stands, for nodes that do not hear of it at once. */
function revoke(
  revoked: readonly RevokedSession[],
  sessions: readonly Session[],
  why: Revocation,
  now: number,
): readonly RevokedSession[] {
  const standing = sessions.filter(({ lost }) => lost === null).map(({ sessionId }) => ({ sessionId, why, at: now }))
  return standing.length === 0 ? revoked : [...revoked, ...standing]
}

/** The sessions beyond `room`, those missed least first. */
const overflow = (sessions: readonly Session[], room: number): Session[] =>
  sessions
    .toSorted(
      (a, b) =>
        Number(a.lost === null) - Number(b.lost === null) ||
        a.lastActivityAt - b.lastActivityAt ||
        a.connectedAt - b.connectedAt,
    )
    .slice(0, Math.max(0, sessions.length - room))

/** Marks a session as lost: it lives on for its grace. @param evidenceAt when it last gave a sign of life */
export function lose(record: UserRecord, sessionId: string, evidenceAt: number, now: number, rules: Rules): Step {
  const sessions = record.sessions.map((session) =>
    session.sessionId === sessionId && session.lost === null ? inGrace(session, evidenceAt, now, rules) : session,
  )
  return settle(record, { ...record, sessions }, now, rules)
}

const inGrace = (session: Session, evidenceAt: number, now: number, rules: Rules): Session => ({
  ...session,
  nodeId: NO_NODE,
  lost: { evidenceAt, graceEndsAt: now + graceOf(session.deviceType, rules) },
})

/** Ends sessions by a decision, wherever their connections are: those are to be closed, and never taken up again. */
export function signOut(
  record: UserRecord,
  sessionIds: ReadonlySet<string>,
  now: number,
  rules: Rules,
  why: Revocation = 'SIGNED_OUT',
): Step {
  const gone = record.sessions.filter((session) => sessionIds.has(session.sessionId))
  return end(record, sessionIds, now, rules, { revoked: revoke(record.revoked, gone, why, now) })
}

const allSessions = (record: UserRecord): Set<string> => new Set(record.sessions.map(({ sessionId }) => sessionId))

/** Ends all of a user's sessions by a decision. */
export const signOutAll = (record: UserRecord, now: number, rules: Rules): Step =>
  signOut(record, allSessions(record), now, rules)

/**
 * Holds what the host said of a user's access, unless something newer holds already. Whoever is barred is gone at once: sessions in
 * grace end with the others (R61). Revoking tokens ends the connections that were made with them.
 */
export function setAccess(record: UserRecord, said: Access, now: number, rules: Rules): Step {
  const access = mergeAccess(record.access, said)
  if (access === record.access) return settle(record, record, now, rules)
  const revokes = access.tokensSince !== record.access.tokensSince
  const ids = access.bar !== null || revokes ? allSessions(record) : new Set<string>()
  const gone = record.sessions.filter(({ sessionId }) => ids.has(sessionId))
  const revoked = revoke(record.revoked, gone, access.bar ?? 'SIGNED_OUT', now)
  return end(record, ids, now, rules, { access, revoked })
}

/** Ends sessions at once, without grace, as with a goodbye. Unknown ids are ignored (R2). */
export function end(
  record: UserRecord,
  sessionIds: ReadonlySet<string>,
  now: number,
  rules: Rules,
  also: Partial<Pick<UserRecord, 'access' | 'revoked' | 'visibility' | 'shown' | 'presumed'>> = {},
): Step {
  const gone = record.sessions.filter((session) => sessionIds.has(session.sessionId))
  const ended: EndedSession[] = gone.map((session) => ({ session, endedAt: session.lost?.evidenceAt ?? now }))
  const sessions = record.sessions.filter((session) => !sessionIds.has(session.sessionId))
  return settle(record, { ...record, ...also, sessions }, now, rules, ended)
}

/**
 * The record with signs of use that only the owning node saw so far: session id to the moment. Moments only move forward
 * (R13). Not settled: a step goes on from it.
 */
export function mergeActivity(record: UserRecord, activity: ReadonlyMap<string, number>, now: number): UserRecord {
  const sessions = record.sessions.map((session) => {
    const at = Math.min(activity.get(session.sessionId) ?? 0, now)
    return at > session.lastActivityAt ? { ...session, lastActivityAt: at } : session
  })
  const newest = sessions.reduce<number | null>((at, session) => latest(at, session.lastActivityAt), null)
  return { ...record, sessions, lastActivityAt: latest(record.lastActivityAt, newest) }
}

/** Tells the store of signs of use that the owning node saw. */
export const noteActivity = (
  record: UserRecord,
  activity: ReadonlyMap<string, number>,
  now: number,
  rules: Rules,
): Step => settle(record, mergeActivity(record, activity, now), now, rules)

/** A sign of use that belongs to no session, such as a request: it counts for the session used last (R12). */
export function touch(record: UserRecord, now: number, rules: Rules): Step {
  return settle(record, touched(record, now), now, rules)
}

function touched(record: UserRecord, now: number): UserRecord {
  const inUse = record.sessions
    .filter((session) => session.lost === null)
    .reduce<Session | null>((a, b) => (a === null || b.lastActivityAt > a.lastActivityAt ? b : a), null)
  const sessions = record.sessions.map((session) =>
    session === inUse ? { ...session, lastActivityAt: Math.max(session.lastActivityAt, now) } : session,
  )
  return { ...record, sessions, lastActivityAt: latest(record.lastActivityAt, now) }
}

/** Shows a choice, unless a newer decision is already shown (R20). Deciding is a sign of use. */
export function choose(record: UserRecord, choice: Choice, now: number, rules: Rules): Step {
  if (choice.version <= record.choice.version) return settle(record, record, now, rules)
  return settle(record, { ...touched(record, now), choice }, now, rules)
}

/**
 * Lets others know as much as was decided, unless a newer decision already holds (R32, R36). Deciding is a sign of use.
 *
 * @param levels as they are unless told
 */
export function setVisible(
  record: UserRecord,
  visible: boolean,
  version: number,
  now: number,
  rules: Rules,
  levels: Levels = record.visibility.levels,
): Step {
  if (version <= record.visibility.version) return settle(record, record, now, rules)
  const visibility = nextVisibility(record.visibility, { visible, levels }, version, now)
  return settle(record, { ...touched(record, now), visibility }, now, rules)
}

/** A user's decision to block a viewer, or not to block them any more. */
export type Blocking = Omit<Pair, 'floor'>

/**
 * The decision with what it makes of the versions that the viewer is told: they move only when they can see that something changed (R31).
 * That is stored with it, so that it is the same once the live store has forgotten the record.
 *
 * @param audience which one the viewer is of while they are not blocked
 */
export function pairOf(record: UserRecord, blocking: Blocking, audience: LevelledAudience): Pair {
  const was = viewAt(record, standingOf(record.pairs, blocking.viewerId, audience))
  const isSame = looksSame(was, blocking.blocked ? UNSEEN : record[audience])
  return { ...blocking, floor: isSame ? was.version : blocking.version }
}

/**
 * Blocks a viewer, or lets them see again, unless a newer decision already holds (R37).
 *
 * @param audience which one the viewer is of while they are not blocked
 */
export function setBlocked(
  record: UserRecord,
  blocking: Blocking,
  audience: LevelledAudience,
  now: number,
  rules: Rules,
): Step {
  const known = pairWith(record.pairs, blocking.viewerId)
  if (blocking.version <= (known?.version ?? 0)) return settle(record, record, now, rules)
  const pairs = withPair(record.pairs, pairOf(record, blocking, audience), now)
  return settle(record, { ...record, pairs }, now, rules)
}

/**
 * Notes that a viewer may have become a contact, or ceased to be one: what they are told from now on is newer than what they were told
 * (R31). Nothing has to be noted of somebody who tells contacts no more than others.
 */
export function noteRelation(record: UserRecord, viewerId: string, now: number, rules: Rules): Step {
  const known = pairWith(record.pairs, viewerId)
  if (!tellsContactsApart(record) || known?.blocked) return settle(record, record, now, rules)
  const version = nextVersion(record.version, now)
  const floor = looksSame(record.contact, record.stranger) ? (known?.floor ?? 0) : version
  return settle(
    record,
    { ...record, pairs: withPair(record.pairs, { viewerId, blocked: false, version, floor }, now) },
    now,
    rules,
  )
}
