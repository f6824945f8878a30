import { CLEAN_DISCONNECT_REASONS } from '../domain/session.ts'
import { end, lose } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser } from './records.ts'

/** See {@link PresenceVerbs.disconnectSession}. */
export async function disconnectSession(
  deps: ServiceDeps,
  sessionId: string,
  reason: string,
  evidenceAt?: number,
): Promise<void> {
  const held = deps.local.get(sessionId)
  if (!held?.connected) return
  held.connected = false
  // A recovered connection has the socket id of the one before: the newer session keeps it (R2).
  if (deps.local.find(held.userId, held.socketId) === held) deps.broadcast.remove(held.socketId)
  await changeUser(deps, held.userId, (record, now) =>
    CLEAN_DISCONNECT_REASONS.has(reason)
      ? end(record, new Set([sessionId]), now, deps.rules)
      : lose(record, sessionId, Math.min(evidenceAt ?? now, now), now, deps.rules),
  )
}
