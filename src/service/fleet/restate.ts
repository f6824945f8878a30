import { PresenceError } from '../../domain/errors.ts'
import { type OwnConnections, restate } from '../../domain/node-steps.ts'
import type { Revocation, Session } from '../../domain/session.ts'
import type { SharedHotStore } from '../../store/contract.ts'
import type { ServiceDeps } from '../deps.ts'
import type { LocalSession } from '../local-sessions.ts'
import { changeUser } from '../records.ts'
import { sessionRow } from '../session-log.ts'

/** Users restated side by side: enough to keep the store busy, few enough to leave room for everybody else. */
const AT_ONCE = 100

/** Makes the store agree with the connections of this node, for these users (R46). Whoever fails is tried again. */
export async function restateUsers(deps: ServiceDeps, userIds: Iterable<string>): Promise<void> {
  const waiting = [...userIds]
  while (waiting.length > 0) {
    await Promise.all(waiting.splice(0, AT_ONCE).map((userId) => restateUser(deps, userId)))
  }
}

async function restateUser(deps: ServiceDeps, userId: string): Promise<void> {
  const { shared, local, rules, metrics } = deps
  const { unstated } = deps.backlog
  if (!shared) return
  unstated.delete(userId)
  const held = local.ofUser(userId)
  const own = connectionsOf(shared, held)
  let revoked: ReadonlyMap<string, Revocation> = new Map()
  try {
    const { before, after } = await changeUser(deps, userId, (record, now) => {
      const step = restate(deps.pendingDecisions.applyTo(record, now, rules), own, now, rules)
      revoked = step.revoked
      return step
    })
    if (before !== after) metrics.reconciled.inc()
  } catch (error) {
    if (error instanceof PresenceError && error.code === 'USER_NOT_FOUND') return letGo(deps, held)
    unstated.add(userId)
    if (!(error instanceof PresenceError && error.retryable)) throw error
    return
  }
  conclude(deps, held, own, revoked)
}

/** What this node sees of its own connections of a user. */
function connectionsOf(shared: SharedHotStore, held: readonly LocalSession[]): OwnConnections {
  const gone = new Map<string, { clean: boolean; at: number }>()
  const formerIds = new Map<string, readonly string[]>()
  const standing: Session[] = []
  for (const session of held) {
    if (session.goodbye) gone.set(session.sessionId, session.goodbye)
    else standing.push(sessionOf(session, shared.nodeId()))
    if (session.formerIds.length > 0) formerIds.set(session.sessionId, session.formerIds)
  }
  return { isOwn: (nodeId) => shared.isOwnNode(nodeId), standing, gone, formerIds }
}

const sessionOf = (held: LocalSession, nodeId: string): Session => ({
  sessionId: held.sessionId,
  nodeId,
  socketId: held.socketId,
  deviceId: held.deviceId,
  deviceType: held.deviceType,
  connectedAt: held.connectedAt,
  lastActivityAt: Math.max(held.lastActivityAt, held.connectedAt),
  lost: null,
})

/** Of somebody who was deleted nothing is left to state. */
function letGo({ local, broadcast }: ServiceDeps, held: readonly LocalSession[]): void {
  for (const session of held) {
    local.remove(session)
    if (session.goodbye) continue
    broadcast.remove(session.socketId)
    broadcast.signOut(session.socketId, 'USER_DELETED')
  }
}

/** The store knows now: what is gone is let go of, what was signed out meanwhile is closed. */
function conclude(
  { local, broadcast, sessionLog, hot }: ServiceDeps,
  held: readonly LocalSession[],
  own: OwnConnections,
  revoked: ReadonlyMap<string, Revocation>,
): void {
  const taken = new Set(own.standing.map(({ sessionId }) => sessionId))
  for (const session of held) {
    const why = revoked.get(session.sessionId)
    if (own.gone.has(session.sessionId)) local.remove(session)
    else if (why !== undefined) {
      sessionLog.note(sessionRow(session, hot.now(), false))
      local.remove(session)
      broadcast.remove(session.socketId)
      broadcast.signOut(session.socketId, why)
    } else if (session.formerIds.length > 0 && taken.has(session.sessionId)) {
      // Not before: a row that is written before its session begins is taken for one that nobody answers for (R23).
      sessionLog.note(sessionRow(session, hot.now(), true))
      session.formerIds = []
    }
  }
}
