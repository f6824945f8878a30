import { PresenceError } from '../domain/errors.ts'
import { CLEAN_DISCONNECT_REASONS } from '../domain/session.ts'
import { end, lose } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser } from './records.ts'

/** See {@link PresenceVerbs.disconnectSession}. */
export async function disconnectSession(
  deps: ServiceDeps,
  handle: string,
  reason: string,
  evidenceAt?: number,
): Promise<void> {
  const { local, hot, rules, rollout } = deps
  const dormant = rollout?.dormant.get(handle)
  if (dormant) {
    if (rollout?.dormant.find(dormant.userId, dormant.socketId) === dormant) deps.broadcast.remove(dormant.socketId)
    dormant.goodbye = { reason, evidenceAt }
    // Its session ends as soon as there is one.
    if (!dormant.waking) rollout?.dormant.remove(dormant)
    return
  }
  const held = local.get(handle)
  if (!held || held.goodbye) return
  const now = hot.now()
  const goodbye = { clean: CLEAN_DISCONNECT_REASONS.has(reason), at: Math.min(evidenceAt ?? now, now) }
  held.goodbye = goodbye
  const { userId, socketId, sessionId } = held
  // A recovered connection has the socket id of the one before: the newer session keeps it (R2).
  if (local.find(userId, socketId) === held) deps.broadcast.remove(socketId)
  try {
    await changeUser(deps, userId, (record, at) =>
      goodbye.clean
        ? end(record, new Set([sessionId]), at, rules)
        : lose(record, sessionId, Math.min(goodbye.at, at), at, rules),
    )
  } catch (error) {
    if (!deps.shared || !(error instanceof PresenceError && error.retryable)) throw error
    // The store is away: it is told as soon as it is back, with the evidence of now.
    deps.backlog.unstated.add(userId)
    return
  }
  // From here on the grace is the business of the store, whichever node ends it (R4). In memory that is this one.
  if (deps.shared) local.remove(held)
}
