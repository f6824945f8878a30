import { randomUUID } from 'node:crypto'
import { ownInfo, type PresenceInfo } from '../domain/info.ts'
import { connect } from '../domain/steps.ts'
import { switchOff } from '../domain/switch-off.ts'
import type { ServiceDeps } from './deps.ts'
import type { Arrival, LocalSession } from './local-sessions.ts'
import { changeUser } from './records.ts'
import { isOn } from './rollout/rollout.ts'
import { sessionRow } from './session-log.ts'
import type { DeviceInfo } from './verbs.ts'

/** See {@link PresenceVerbs.connectSession}. */
export async function connectSession(
  deps: ServiceDeps,
  userId: string,
  socketId: string,
  device: DeviceInfo,
  issuedAt?: number | null,
): Promise<{ sessionId: string; presence: PresenceInfo | null }> {
  const handle = randomUUID()
  const connection = { handle, userId, socketId, device, issuedAt }
  const { rollout } = deps
  if (rollout === null || (await isOn(deps, userId))) return beginSession(deps, connection)
  rollout.dormant.add(connection)
  return { sessionId: handle, presence: null }
}

/** A connection that is to have a session. */
export interface ArrivedConnection extends Arrival {
  /** What front doors call it. */
  readonly handle: string
  readonly userId: string
  readonly socketId: string
}

/** Starts a session. @param sessionId of its own when the connection had another before: an ended session stays ended (R2) */
export async function beginSession(
  deps: ServiceDeps,
  { handle, userId, socketId, device, issuedAt }: ArrivedConnection,
  sessionId = handle,
): Promise<{ sessionId: string; presence: PresenceInfo | null }> {
  const { hot, local, rules, broadcast, sessionLog, metrics } = deps
  const { deviceType, deviceId, ipAddress, userAgent } = device
  const connectedAt = hot.now()
  const held: LocalSession = {
    handle,
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
    arrival: deps.rollout === null ? null : { device, issuedAt },
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
    if (await fellAsleep(deps, held)) return { sessionId: handle, presence: null }
    // Unless it was signed out meanwhile.
    if (local.get(handle) === held) broadcast.add({ socketId, userId, format: device.format ?? 'events' })
    else broadcast.signOut(socketId, 'SIGNED_OUT')
    sessionLog.note(sessionRow(held, connectedAt, true))
    // Under the name of before it would be ended as that of a dead node.
    if (nodeId !== hot.nodeId()) deps.backlog.unstated.add(userId)
    metrics.sessionsStarted.inc()
    return { sessionId: handle, presence: ownInfo(after) }
  } catch (error) {
    local.remove(held)
    // It may have been kept all the same.
    if (deps.shared) deps.backlog.unstated.add(userId)
    throw error
  }
}

/** Whether presence was switched off for the user while the session was being made: the store may have taken it after it was ended. */
async function fellAsleep(deps: ServiceDeps, { handle, sessionId, userId }: LocalSession): Promise<boolean> {
  const dormant = deps.rollout?.dormant.get(handle)
  if (dormant === undefined || dormant.waking) return false
  await changeUser(deps, userId, (record, now) => switchOff(record, new Set([sessionId]), now, deps.rules))
  return true
}
