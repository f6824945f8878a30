import { type Access, OPEN_ACCESS } from './access.ts'
import { NO_PAIRS, type Pair, raiseFloors } from './pairs.ts'
import { type Choice, currentChoice, deriveStatus, NO_CHOICE, type Presumption } from './presence.ts'
import type { Rules } from './rules.ts'
import { type EndedSession, isLive, REVOKED_KEPT_MS, type RevokedSession, type Session } from './session.ts'
import { isPresent } from './status.ts'
import { nextVersion } from './version.ts'
import { inBucket, looksSame, nextView, UNSEEN, type View } from './view.ts'
import { type Allowance, allowanceOf, type Decided, VISIBLE, type Visibility } from './visibility.ts'

/** What others may know, standing still for each audience while it may not (R32). */
export interface Shown {
  /** Of strangers, as the next one. */
  readonly lastSeenAt: number | null
  readonly lastActivityAt: number | null
  readonly contactSeenAt: number | null
}

/**
 * The live truth about one user, as the hot store keeps it. Everything derived from sessions, choice and visibility is
 * computed by `settle` alone; the two views are kept beside the truth, so that nobody else has to compose one (R34).
 * Times are epoch milliseconds of the store's clock.
 */
export interface UserRecord {
  readonly userId: string
  /** Grows with every change that PostgreSQL has to know of (R7). */
  readonly version: number
  readonly sessions: readonly Session[]
  /** Sessions ended lately by others than their own node (see {@link RevokedSession}). */
  readonly revoked: readonly RevokedSession[]
  /** Taken for present on PostgreSQL's word, after the store lost everything; else null. */
  readonly presumed: Presumption | null
  readonly choice: Choice
  readonly visibility: Visibility
  /** Whether they may be here at all. Whoever may not looks to others as if they hid (R61). */
  readonly access: Access
  /** Last sign of use, or null (R13). */
  readonly lastActivityAt: number | null
  /** Present: the last activity. Offline: the end of the last session. Null: never here. */
  readonly lastSeenAt: number | null
  /** The latest evidence of sessions that are over; it becomes last seen once nobody is left (R13). */
  readonly lastEndedAt: number | null
  readonly shown: Shown
  /** What the user sees of themself. */
  readonly own: View
  /** What people they deal with see: the very same object as the stranger's view while the two are the same. */
  readonly contact: View
  /** What everybody else sees. */
  readonly stranger: View
  /** Viewers who are blocked, or of whom it changed lately whether they are a contact. */
  readonly pairs: readonly Pair[]
  /** When this record changes by itself next: a grace ends, a choice expires, activity runs out. */
  readonly deadline: number | null
}

/** The outcome of one atomic change to a record. */
export interface Step {
  readonly record: UserRecord
  readonly ended: readonly EndedSession[]
}

// One for all: hardly anybody has any.
const NONE_REVOKED: readonly RevokedSession[] = []

/** The record of somebody who was never here. */
export function newRecord(userId: string): UserRecord {
  const others = { ...UNSEEN, version: 0 }
  return {
    userId,
    version: 0,
    sessions: [],
    revoked: NONE_REVOKED,
    presumed: null,
    choice: NO_CHOICE,
    visibility: VISIBLE,
    access: OPEN_ACCESS,
    lastActivityAt: null,
    lastSeenAt: null,
    lastEndedAt: null,
    shown: { lastSeenAt: null, lastActivityAt: null, contactSeenAt: null },
    own: { ...UNSEEN, version: 0 },
    contact: others,
    stranger: others,
    pairs: NO_PAIRS,
    deadline: null,
  }
}

/** Whether strangers are shown anything of them. */
export const isShown = ({ visibility, access }: Pick<UserRecord, 'visibility' | 'access'>): boolean =>
  visibility.visible && access.bar === null

/** What others may know: the user decides it, unless the host bars them. */
export const openness = (record: Pick<UserRecord, 'visibility' | 'access'>): Decided => ({
  visible: isShown(record),
  levels: record.visibility.levels,
})

/** The same record with no version below `floor`. */
export function raiseVersions(record: UserRecord, floor: number): UserRecord {
  const raise = (view: View): View => ({ ...view, version: Math.max(view.version, floor) })
  const stranger = raise(record.stranger)
  return {
    ...record,
    version: Math.max(record.version, floor),
    own: raise(record.own),
    contact: sharing(raise(record.contact), stranger),
    stranger,
    pairs: raiseFloors(record.pairs, floor),
  }
}

/** A contact's view: the stranger's itself when the two are the same, so that it takes no memory. */
export const sharing = (contact: View, stranger: View): View =>
  contact.version === stranger.version && looksSame(contact, stranger) ? stranger : contact

/**
 * A record that PostgreSQL brought, taken for present until `until` if it says so: a store that knows no session of somebody does not
 * know that there is none (R23).
 */
export function presume(record: UserRecord, until: number): UserRecord {
  if (record.sessions.length > 0 || !isPresent(record.own.status)) return record
  const active = record.own.status === 'online' || record.choice.status !== null
  const presumed = { active, evidenceAt: record.lastSeenAt, until }
  return { ...record, presumed, deadline: Math.min(until, record.deadline ?? until) }
}

/** The later of two moments of which either may be unknown. */
export const latest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b)

/**
 * Brings a drafted record to a consistent state at `now`: ends what is over, applies expiry, derives both views and the
 * next deadline, and stamps a version if anything changed that others or PostgreSQL have to learn. Settling a settled
 * record again at the same `now` changes nothing, so a deadline may be handled by anybody, any number of times (R4).
 *
 * @param before the record as it was, `draft` with the caller's change applied
 * @param left sessions that the caller already took out of the draft
 */
export function settle(
  before: UserRecord,
  draft: UserRecord,
  now: number,
  rules: Rules,
  left: readonly EndedSession[] = [],
): Step {
  const version = nextVersion(before.version, now)
  const sessions = draft.sessions.filter((session) => isLive(session, now))
  const ended = [...left, ...endedByGrace(draft.sessions, now)]
  const choice = currentChoice(draft.choice, now)
  const presumed = draft.presumed !== null && draft.presumed.until > now ? draft.presumed : null
  const status = deriveStatus({ sessions, choice, presumed, idleAfterMs: rules.idleAfterMs, now })
  const present = isPresent(status)
  const unconfirmed = presumed === null ? (draft.presumed?.evidenceAt ?? null) : null
  const lastEndedAt = ended.reduce((at, { endedAt }) => latest(at, endedAt), latest(draft.lastEndedAt, unconfirmed))
  const lastSeenAt = latest(draft.lastSeenAt, present ? draft.lastActivityAt : lastEndedAt)

  const stamp = { version, activityFlushMs: rules.activityFlushMs }
  const message = present ? choice.message : null
  const own = nextView(before.own, { status, lastSeenAt, message }, stamp)
  const shown = nextShown(draft, own)
  const stranger = nextView(
    before.stranger,
    masked(allowanceOf(openness(draft), 'stranger'), own, message, shown.lastSeenAt),
    stamp,
  )
  const contactView = masked(allowanceOf(openness(draft), 'contact'), own, message, shown.contactSeenAt)
  const contact = sharing(nextView(before.contact, contactView, stamp), stranger)

  const revoked = remembered(draft.revoked, now)
  const settled = {
    ...draft,
    sessions,
    revoked,
    presumed,
    choice,
    lastSeenAt,
    lastEndedAt,
    shown,
    own,
    contact,
    stranger,
  }
  const changed = isNews(before, settled)
  return {
    record: {
      ...settled,
      version: changed ? version : draft.version,
      deadline: nextDeadline(settled, now, rules),
    },
    ended,
  }
}

const endedByGrace = (sessions: readonly Session[], now: number): EndedSession[] =>
  sessions.flatMap((session) =>
    session.lost !== null && !isLive(session, now) ? [{ session, endedAt: session.lost.evidenceAt }] : [],
  )

/** What an audience is told of somebody who looks like `own` to themself. */
const masked = (
  access: Allowance,
  { status }: View,
  message: string | null,
  seenAt: number | null,
): Omit<View, 'version'> => ({
  status: access.status ? status : 'offline',
  lastSeenAt: access.lastSeen ? inBucket(seenAt, access) : null,
  message: access.status ? message : null,
})

/**
 * Nothing is told later that an audience might not know when it happened (R32). Whoever may know when somebody was here, but not whether
 * they are, is told once they have left: a last seen that moves would say that they are there.
 */
function nextShown(draft: UserRecord, { status, lastSeenAt }: View): Shown {
  const { visibility, shown, lastActivityAt } = draft
  const stranger = allowanceOf(openness(draft), 'stranger')
  const contact = allowanceOf(openness(draft), 'contact')
  const told = (before: number | null, at: number | null, since: number | null): number | null => {
    if (at === null || at < (since ?? 0)) return before
    return latest(before, inBucket(at, visibility.levels))
  }
  const mayMove = (access: Allowance): boolean => access.lastSeen && (access.status || !isPresent(status))
  const { since, contactSince } = visibility
  return {
    lastSeenAt: mayMove(stranger) ? told(shown.lastSeenAt, lastSeenAt, since) : shown.lastSeenAt,
    lastActivityAt:
      stranger.lastSeen && stranger.status ? told(shown.lastActivityAt, lastActivityAt, since) : shown.lastActivityAt,
    contactSeenAt: mayMove(contact) ? told(shown.contactSeenAt, lastSeenAt, contactSince) : shown.contactSeenAt,
  }
}

/** The last activity that strangers may know of, and searches go by: of whom they may not know whether they are here, last seen. */
export function publicActivity(record: UserRecord): number | null {
  const { shown, stranger } = record
  const access = allowanceOf(openness(record), 'stranger')
  if (!access.lastSeen) return null
  if (!access.status) return stranger.lastSeenAt
  return inBucket(shown.lastActivityAt, access)
}

/**
 * Whether others or PostgreSQL have to learn of it. The exact moments of somebody present are not news: their views move
 * in coarse steps, and that is what is written and told (R22).
 */
function isNews(before: UserRecord, after: UserRecord): boolean {
  const absent = !isPresent(after.own.status)
  return (
    before.own !== after.own ||
    before.stranger !== after.stranger ||
    before.contact !== after.contact ||
    before.pairs !== after.pairs ||
    before.choice !== after.choice ||
    before.visibility !== after.visibility ||
    before.access !== after.access ||
    (absent && before.lastActivityAt !== after.lastActivityAt) ||
    (absent && before.lastSeenAt !== after.lastSeenAt)
  )
}

/** Revocations that may still matter to somebody. */
const remembered = (revoked: readonly RevokedSession[], now: number): readonly RevokedSession[] =>
  revoked.some(({ at }) => at + REVOKED_KEPT_MS <= now)
    ? revoked.filter(({ at }) => at + REVOKED_KEPT_MS > now)
    : revoked

function nextDeadline({ sessions, choice, presumed }: UserRecord, now: number, rules: Rules): number | null {
  const moments = sessions.flatMap((session) => [
    session.lost?.graceEndsAt ?? Number.POSITIVE_INFINITY,
    session.lastActivityAt + rules.idleAfterMs,
    nextFlush(session, now, rules),
  ])
  if (choice.expiresAt !== null) moments.push(choice.expiresAt)
  if (presumed !== null) moments.push(presumed.until)
  const earliest = Math.min(...moments.filter((at) => at > now))
  return Number.isFinite(earliest) ? earliest : null
}

/**
 * When the owning node is asked for newer activity next: the only regular write of an active session (R22). An idle one
 * speaks up by itself.
 */
function nextFlush({ lastActivityAt }: Session, now: number, { activityFlushMs, idleAfterMs }: Rules): number {
  const flushes = Math.floor(Math.max(0, now - lastActivityAt) / activityFlushMs) + 1
  const at = lastActivityAt + flushes * activityFlushMs
  return at < lastActivityAt + idleAfterMs ? at : Number.POSITIVE_INFINITY
}
