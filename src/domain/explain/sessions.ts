import { isLive, type Session } from '../session.ts'
import type { Evidence } from './evidence.ts'
import { clockText, pastText, spanText } from './words.ts'

/** How a session stands: in use, idle, lost and in its grace, or of a node whose lease is over. */
export const SESSION_STATES = ['active', 'idle', 'grace', 'node-lost'] as const
export type SessionState = (typeof SESSION_STATES)[number]

export interface ExplainedSession {
  readonly session: Session
  readonly state: SessionState
  /** Whether it counts as in use: a lost one may do so, too. */
  readonly isInUse: boolean
  readonly sentence: string
}

type Needs = Pick<Evidence, 'leases' | 'rules' | 'now'>

/** The sessions that count, each with how it stands and what follows. */
export const explainSessions = (sessions: readonly Session[], needs: Needs): ExplainedSession[] =>
  sessions.filter((session) => isLive(session, needs.now)).map((session) => explainSession(session, needs))

function explainSession(session: Session, { leases, rules, now }: Needs): ExplainedSession {
  const isInUse = now - session.lastActivityAt < rules.idleAfterMs
  const explained = (state: SessionState, sentence: string): ExplainedSession => ({ session, state, isInUse, sentence })
  if (session.lost !== null) {
    const { evidenceAt, graceEndsAt } = session.lost
    return explained(
      'grace',
      `Lost without a goodbye at ${clockText(evidenceAt, now)}. It counts until ${clockText(graceEndsAt, now)}, unless the device is back before.`,
    )
  }
  const lease = leases?.get(session.nodeId)
  if (leases !== null && (lease === undefined || lease.until <= now)) {
    const last = lease === undefined ? '' : `, last renewed at ${clockText(lease.renewedAt, now)}`
    return explained(
      'node-lost',
      `Its node has no lease any more${last}. The other nodes end it when they next look around.`,
    )
  }
  const used = pastText(session.lastActivityAt, now)
  return isInUse
    ? explained('active', `In use: the last sign of use was at ${used}.`)
    : explained('idle', `Idle: no sign of use for ${spanText(now - session.lastActivityAt)}, since ${used}.`)
}

/** The sessions that keep somebody here when no connection of a living node does. */
export const withoutConnection = (sessions: readonly ExplainedSession[]): boolean =>
  sessions.length > 0 && sessions.every(({ state }) => state === 'grace' || state === 'node-lost')
