import { mergeAccess } from './access.ts'
import { newestPairs, pairWith, raiseFloors } from './pairs.ts'
import type { Rules } from './rules.ts'
import { type EndedSession, NO_NODE, type Revocation, type Session } from './session.ts'
import { graceOf, mergeActivity, setAccess } from './steps.ts'
import { nextVersion } from './version.ts'
import { latest, settle, sharing, type Step, type UserRecord } from './user-record.ts'

// Changes to a record that nodes make about each other and about themselves. Pure, as those of `steps.ts`.

/** Ends what a dead node left, without further grace (R5). @param evidenceAt when that node was last known to live */
export function endNode(record: UserRecord, nodeId: string, evidenceAt: number, now: number, rules: Rules): Step {
  const ended: EndedSession[] = record.sessions
    .filter((session) => session.nodeId === nodeId)
    .map((session) => ({ session, endedAt: Math.max(session.lastActivityAt, Math.min(evidenceAt, now)) }))
  const sessions = record.sessions.filter((session) => session.nodeId !== nodeId)
  return settle(record, { ...record, sessions }, now, rules, ended)
}

/** What a node knows about its own connections of one user. */
export interface OwnConnections {
  /** Whether this node goes or went by that name. */
  readonly isOwn: (nodeId: string) => boolean
  /** Sessions of connections that stand, as they have to be. */
  readonly standing: readonly Session[]
  /** Session id to those it had before this node lost its lease, if need be several times. */
  readonly formerIds?: ReadonlyMap<string, readonly string[]>
  /** Session id to how it ended: by a goodbye, or by a loss with its evidence. */
  readonly gone: ReadonlyMap<string, { readonly clean: boolean; readonly at: number }>
}

/** The outcome for the node: which of its standing sessions were signed out while it did not hear. */
export interface Restatement extends Step {
  readonly revoked: ReadonlyMap<string, Revocation>
}

/**
 * Makes a record agree with what a node sees of its own connections: after a pause, after the store lost something, and whenever both
 * are compared (R46). Sessions that were signed out meanwhile stay out; a grace that began while nobody could be told starts at its
 * evidence. Stating the same again changes nothing.
 */
export function restate(record: UserRecord, own: OwnConnections, now: number, rules: Rules): Restatement {
  const revoked = revokedAmong(record, own)
  const standing = own.standing.filter(({ sessionId }) => !revoked.has(sessionId))
  const held = new Map(standing.map((session) => [session.sessionId, session]))
  const ended: EndedSession[] = []
  const kept: Session[] = []
  for (const session of record.sessions) {
    const mine = own.isOwn(session.nodeId) || held.has(session.sessionId) || own.gone.has(session.sessionId)
    const known = held.get(session.sessionId)
    if (!mine) kept.push(session)
    else if (known) kept.push(sameSession(session, known))
    else leave(session, own.gone.get(session.sessionId))
  }

  function leave(session: Session, goodbye: { clean: boolean; at: number } | undefined): void {
    // Already in grace: the store goes on with that.
    if (session.lost !== null) kept.push(session)
    else if (goodbye && !goodbye.clean) kept.push(lostSince(session, goodbye.at, rules))
    else ended.push({ session, endedAt: Math.max(session.lastActivityAt, goodbye?.at ?? session.connectedAt) })
  }

  const listed = new Set(record.sessions.map(({ sessionId }) => sessionId))
  const missing = standing.filter(({ sessionId }) => !listed.has(sessionId))
  const back = replacing(kept, missing)
  const sessions = [...back.kept, ...missing]
  const unchanged = sessions.length === record.sessions.length && sessions.every((one, i) => one === record.sessions[i])
  const draft = unchanged ? record : withActivity({ ...record, sessions })
  return { ...settle(record, draft, now, rules, [...ended, ...back.ended]), revoked }
}

/** Which of the standing sessions must not be taken up, and why: they were signed out, or their user may not be here (R61). */
function revokedAmong({ revoked, access }: UserRecord, own: OwnConnections): ReadonlyMap<string, Revocation> {
  const causes = new Map(revoked.map(({ sessionId, why }) => [sessionId, why]))
  const causeOf = (sessionId: string): Revocation | undefined =>
    access.bar ?? [sessionId, ...(own.formerIds?.get(sessionId) ?? [])].map((id) => causes.get(id)).find(Boolean)
  return new Map(
    own.standing.flatMap(({ sessionId }) => {
      const why = causeOf(sessionId)
      return why === undefined ? [] : [[sessionId, why] as const]
    }),
  )
}

/** What the store has of a session, corrected by what its node knows. */
function sameSession(stored: Session, known: Session): Session {
  const lastActivityAt = Math.max(stored.lastActivityAt, known.lastActivityAt)
  const same = stored.nodeId === known.nodeId && stored.lost === null && lastActivityAt === stored.lastActivityAt
  return same ? stored : { ...stored, nodeId: known.nodeId, lost: null, lastActivityAt }
}

const lostSince = (session: Session, evidenceAt: number, rules: Rules): Session => ({
  ...session,
  nodeId: NO_NODE,
  lost: { evidenceAt, graceEndsAt: evidenceAt + graceOf(session.deviceType, rules) },
})

/** A device that is back ends what it left in grace (R3), also when it is back by way of a restatement. */
function replacing(
  sessions: readonly Session[],
  added: readonly Session[],
): { kept: Session[]; ended: EndedSession[] } {
  const devices = new Set(added.map(({ deviceId }) => deviceId))
  const replaced = (session: Session) =>
    session.lost !== null && session.deviceId !== null && devices.has(session.deviceId)
  return {
    kept: sessions.filter((session) => !replaced(session)),
    ended: sessions.filter(replaced).map((session) => ({ session, endedAt: session.lost?.evidenceAt ?? 0 })),
  }
}

const withActivity = (record: UserRecord): UserRecord => ({
  ...record,
  lastActivityAt: record.sessions.reduce((at, { lastActivityAt }) => latest(at, lastActivityAt), record.lastActivityAt),
})

/**
 * Handles a deadline. Activity is known to the node that owns a session, so this node, which may know of some sessions only, does not
 * call somebody idle before those of other nodes had `patienceMs` to speak up: it looks again a little later.
 */
export function settleDue(
  record: UserRecord,
  activity: ReadonlyMap<string, number>,
  { nodeId, patienceMs }: { nodeId: string; patienceMs: number },
  now: number,
  rules: Rules,
): Step {
  const step = settle(record, mergeActivity(record, activity, now), now, rules)
  const demoted = record.own.status === 'online' && step.record.own.status === 'away'
  const silent = record.sessions.filter((session) => session.nodeId !== nodeId && session.lost === null)
  const waitUntil = Math.max(...silent.map(({ lastActivityAt }) => lastActivityAt + rules.idleAfterMs + patienceMs))
  if (!demoted || waitUntil <= now) return step
  return { record: { ...record, deadline: waitUntil }, ended: [] }
}

/**
 * Shows decisions that are stored and newer than those shown: whoever made them died in between, or the store lost them (R20). The user did
 * nothing now, so it is no sign of use.
 */
export function adoptDecisions(
  record: UserRecord,
  { choice, visibility, access, pairs }: Decisions,
  now: number,
  rules: Rules,
): Step {
  const barred = setAccess(record, access, now, rules)
  const draft = {
    ...barred.record,
    choice: choice.version > record.choice.version ? choice : record.choice,
    visibility: visibility.version > record.visibility.version ? visibility : record.visibility,
    pairs: newestPairs(record.pairs, pairs, now),
  }
  return settle(record, draft, now, rules, barred.ended)
}

/** What users and hosts decided. */
type Decisions = Pick<UserRecord, 'choice' | 'visibility' | 'access' | 'pairs'>

/** Whether `stored` holds a decision that `record` does not show. */
export const lacksDecision = (record: UserRecord, stored: Decisions): boolean =>
  stored.choice.version > record.choice.version ||
  stored.visibility.version > record.visibility.version ||
  mergeAccess(record.access, stored.access) !== record.access ||
  // What is over may be forgotten on one side.
  stored.pairs.some(({ viewerId, version, blocked }) => {
    const known = pairWith(record.pairs, viewerId)
    return version > (known?.version ?? 0) && (blocked || known?.blocked === true)
  })

/**
 * The same presence under versions above `floor`: watchers were told something newer, which the store lost (R7). For them it is news.
 */
export function outgrow(record: UserRecord, floor: number, now: number): Step {
  const version = nextVersion(Math.max(record.version, floor), now)
  const own = { ...record.own, version }
  const stranger = { ...record.stranger, version }
  const contact = sharing({ ...record.contact, version }, stranger)
  return {
    record: { ...record, version, own, contact, stranger, pairs: raiseFloors(record.pairs, version) },
    ended: [],
  }
}
