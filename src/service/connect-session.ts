import { randomUUID } from 'node:crypto'
import { ownInfo, type PresenceInfo } from '../domain/info.ts'
import { connect } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import type { LocalSession } from './local-sessions.ts'
import { changeUser } from './records.ts'
import { sessionRow } from './session-log.ts'
import type { DeviceInfo } from './verbs.ts'

/** See {@link PresenceVerbs.connectSession}. */
export async function connectSession(
  deps: ServiceDeps,
  userId: string,
  socketId: string,
  device: DeviceInfo,
  issuedAt?: number | null,
): Promise<{ sessionId: string; presence: PresenceInfo }> {
  const { hot, local, rules, broadcast, sessionLog, metrics } = deps
  const { deviceType, deviceId, ipAddress, userAgent } = device
  const sessionId = randomUUID()
  const connectedAt = hot.now()
  const held: LocalSession = {
    handle: sessionId,
    sessionId,
    formerIds: [],
    userId,
    socketId,
    deviceId,
    deviceType,
    ipAddress,
    userAgent,
    connectedAt,
    lastActivityAt: 0,
    goodbye: null,
  }
  local.add(held)
  try {
    const nodeId = hot.nodeId()
    const session = { sessionId, nodeId, socketId, deviceId, deviceType, connectedAt, lost: null }
    const { after } = await changeUser(deps, userId, (record, now) =>
      connect(record, { ...session, lastActivityAt: now }, now, rules, issuedAt),
    )
    // A device that came back within its grace brings the activity of before (R3).
    const kept = after.sessions.find((other) => other.sessionId === sessionId)
    held.lastActivityAt = Math.max(held.lastActivityAt, kept?.lastActivityAt ?? connectedAt)
    // Unless it was signed out meanwhile.
    if (local.get(sessionId) === held) broadcast.add({ socketId, userId, format: device.format ?? 'events' })
    else broadcast.signOut(socketId, 'SIGNED_OUT')
    sessionLog.note(sessionRow(held, connectedAt, true))
    // Under the name of before it would be ended as that of a dead node.
    if (nodeId !== hot.nodeId()) deps.backlog.unstated.add(userId)
    metrics.sessionsStarted.inc()
    return { sessionId, presence: ownInfo(after) }
  } catch (error) {
    local.remove(held)
    // It may have been kept all the same.
    if (deps.shared) deps.backlog.unstated.add(userId)
    throw error
  }
}
