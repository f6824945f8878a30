import type { RequestHandler, Router } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import { uuidIds } from '../../domain/user-id.ts'
import type { DeviceSession } from '../../protocol/http.ts'
import type { OwnSession } from '../../service/verbs.ts'
import { deviceNameOf } from '../device.ts'
import { callerOf, forCallerOnly, type HttpDoor, limitedCallerOf } from './door.ts'

/** One's own devices: see them, sign one out, sign all out. */
export function addSessionRoutes(router: Router, base: string, door: HttpDoor, changes: RequestHandler[]): void {
  const { verbs } = door

  router.get(`${base}/sessions`, forCallerOnly, async (request, response) => {
    const sessions = await verbs.listSessions(await callerOf(door, request))
    response.json({ sessions: sessions.map(deviceSession) })
  })

  router.delete(`${base}/sessions`, forCallerOnly, ...changes, async (request, response) => {
    const userId = await limitedCallerOf(door, request)
    response.json({ ended: await verbs.signOutEverywhere(userId) })
  })

  router.delete(`${base}/sessions/:id`, forCallerOnly, ...changes, async (request, response) => {
    const userId = await limitedCallerOf(door, request)
    const sessionId = uuidIds.parse(String(request.params['id']))
    if (sessionId === null) throw new PresenceError('INVALID_ID', 'A session id has the form of a UUID.')
    await verbs.signOutSession(userId, sessionId)
    response.status(204).end()
  })
}

const iso = (at: number): string => new Date(at).toISOString()

/** Words one of the caller's own sessions. */
function deviceSession({ session, details }: OwnSession): DeviceSession {
  return {
    id: session.sessionId,
    device_type: session.deviceType,
    device_id: session.deviceId,
    device_name: deviceNameOf(details?.userAgent ?? null),
    ip_address: details?.ipAddress ?? null,
    user_agent: details?.userAgent ?? null,
    connected_at: iso(session.connectedAt),
    last_active_at: iso(session.lastActivityAt),
    // A session that is not stored yet has pinged when it connected, at the latest.
    last_ping: iso(details?.lastPing ?? session.connectedAt),
    is_active: session.lost === null,
  }
}
