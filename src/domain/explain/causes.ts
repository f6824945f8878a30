import { saidAt } from '../access.ts'
import type { Revocation } from '../session.ts'
import { isPresent } from '../status.ts'
import type { UserRecord } from '../user-record.ts'
import { versionTime } from '../version.ts'
import { because, type Cause, type Evidence, type Reason, trouble } from './evidence.ts'
import { type ExplainedSession, withoutConnection } from './sessions.ts'
import { clockText, pastText, spanText } from './words.ts'

/** Of whom there is a record, and where it is from. */
export interface Known {
  readonly record: UserRecord
  readonly isLive: boolean
  readonly sessions: readonly ExplainedSession[]
}

/** The one rule that decides which status is shown of somebody there is a record of (R10). */
export function causeOf(evidence: Evidence, { record, isLive, sessions }: Known): Reason<Cause> {
  const { now } = evidence
  const { access, own } = record
  if (access.bar === 'USER_DELETED')
    return because(
      'DELETED',
      `The host said at ${said(record, now)} that it deleted them. To everybody they are nobody.`,
    )
  if (access.bar === 'BANNED')
    return because(
      'BANNED',
      `Banned by the host since ${said(record, now)}: no session is let in, and others are shown somebody who is offline.`,
    )
  if (isOffAndGone(evidence, record)) return switchOffCause(evidence)
  if (evidence.live === 'unknown') return lostCause(evidence, record)
  if (!isPresent(own.status)) return absence(record, now)
  if (!isLive || (sessions.length === 0 && record.presumed !== null)) return presumption(evidence, record)
  if (record.choice.status !== null) return choiceCause(record, now)
  if (own.status === 'away') return idleCause(evidence, sessions)
  return useCause(evidence, sessions)
}

/** Whoever is here was let in by the node that holds their connection, whose word counts (R71). */
export const isOffAndGone = ({ asleep }: Evidence, { sessions, presumed }: UserRecord): boolean =>
  asleep !== null && sessions.length === 0 && presumed === null

function switchOffCause({ asleep }: Evidence): Reason<Cause> {
  const standing =
    asleep === 1
      ? ' A connection of theirs stands at this node, and is told nothing.'
      : asleep
        ? ` ${asleep} connections of theirs stand at this node, and are told nothing.`
        : ''
  return because(
    'SWITCHED_OFF',
    `The flag of the host says that presence is off for them: others are shown somebody who is offline and whose last seen is not known.${standing}`,
  )
}

const said = ({ access }: UserRecord, now: number): string => pastText(versionTime(saidAt(access)), now)

/** The store does not answer: what is shown is what PostgreSQL had, and then nothing (R45, R51). */
function lostCause({ lostForMs, staleAfterMs }: Evidence, { own }: UserRecord): Reason<Cause> {
  const lostFor = spanText(lostForMs ?? 0)
  return (lostForMs ?? 0) > staleAfterMs
    ? trouble(
        'STORE_UNKNOWN',
        `Unknown: the live store has not answered for ${lostFor}, which is longer than ${spanText(staleAfterMs)}, so nothing is shown of anybody any more. PostgreSQL had them as ${own.status} last.`,
      )
    : trouble(
        'STORE_LOST',
        `Shown as ${own.status} and marked stale: the live store has not answered for ${lostFor}, and that is what PostgreSQL had last.`,
      )
}

const WHY_REVOKED: Record<Revocation, string> = {
  SIGNED_OUT: 'it was signed out',
  EVICTED: 'it was the longest idle of too many devices',
  BANNED: 'the host banned them',
  USER_DELETED: 'the host deleted them',
}

/** Offline, whatever was chosen. */
function absence({ lastSeenAt, lastEndedAt, revoked }: UserRecord, now: number): Reason<Cause> {
  if (lastSeenAt === null)
    return because('NEVER_HERE', 'Offline: no session of theirs was ever seen, or all of it was erased.')
  const ended = revoked.findLast(({ at }) => at === lastEndedAt)
  const since = `Offline since ${pastText(lastSeenAt, now)}`
  return ended
    ? because('SIGNED_OUT', `${since}: the last session ended then, because ${WHY_REVOKED[ended.why]}.`)
    : because('LEFT', `${since}: the last session ended then, by its last sign of life.`)
}

/** Taken for present although the live store knows no session of theirs (R23). */
function presumption({ now, leases }: Evidence, { own, presumed }: UserRecord): Reason<Cause> {
  if (presumed !== null) {
    return trouble(
      'PRESUMED',
      `Shown as ${own.status} on PostgreSQL's word: the live store lost what it knew. A node has until ${clockText(presumed.until, now)} to say that they are connected; if none does, they are offline then.`,
    )
  }
  const next =
    leases === null
      ? 'the next start of this process ends what is left over'
      : 'the nodes look for whoever answers for them, and end it when nobody does'
  return trouble(
    'PRESUMED',
    `PostgreSQL holds them as ${own.status}, and the live store knows no session of theirs: ${next}.`,
  )
}

function choiceCause({ choice, own }: UserRecord, now: number): Reason<Cause> {
  const end = choice.expiresAt === null ? 'until they change it' : `until ${clockText(choice.expiresAt, now)}`
  return because(
    'CHOSEN',
    `Shown as ${own.status}, which they chose at ${pastText(versionTime(choice.version), now)}, ${end}. It wins over activity.`,
  )
}

function idleCause({ now, rules }: Evidence, sessions: readonly ExplainedSession[]): Reason<Cause> {
  const last = Math.max(...sessions.map(({ session }) => session.lastActivityAt))
  const devices = sessions.length === 1 ? 'their one session' : `all ${sessions.length} sessions`
  return because(
    'IDLE',
    `Away since ${pastText(last + rules.idleAfterMs, now)}: ${devices} had no sign of use for ${spanText(rules.idleAfterMs)} then, the last one at ${clockText(last, now)}. Heartbeats and reads are none.`,
  )
}

/** Online: because of which session. */
function useCause({ now }: Evidence, sessions: readonly ExplainedSession[]): Reason<Cause> {
  if (withoutConnection(sessions)) return clinging(sessions)
  const last = Math.max(...sessions.map(({ session }) => session.lastActivityAt))
  return because('ACTIVE', `Online: the last sign of use that is known was at ${pastText(last, now)}.`)
}

/** Here although no connection stands: in grace, or because a dead node was not cleared away yet. */
export function clinging(sessions: readonly ExplainedSession[]): Reason<'NODE_LOST' | 'IN_GRACE'> {
  const lost = sessions.find(({ state }) => state === 'node-lost')
  if (lost) return trouble('NODE_LOST', `Still shown as here because of a session whose node is gone. ${lost.sentence}`)
  const grace = sessions.toSorted((a, b) => endOf(b) - endOf(a))[0]
  return because('IN_GRACE', `Still here because of a connection that was lost a moment ago. ${grace?.sentence ?? ''}`)
}

const endOf = ({ session }: ExplainedSession): number => session.lost?.graceEndsAt ?? 0
