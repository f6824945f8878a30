import type { Socket } from 'socket.io'
import { noMetrics } from '../log.ts'
import { closeWithReason } from './close-with-reason.ts'
import type { Connection } from './connection.ts'
import type { SocketDoor } from './door.ts'

type Needs = Pick<SocketDoor, 'limits' | 'log' | 'metrics'> & {
  readonly options: Pick<SocketDoor['options'], 'floodPenaltyMs'>
}

/**
 * Whether one more event is within the limit of its user (R53). Whoever goes on for long after being refused is not told once more, but
 * closed, and kept away for a while: to refuse an event costs something, too.
 */
export function isWithinLimit(door: Needs, socket: Socket, connection: Connection): boolean {
  const { limits } = door
  const key = connection.userId ?? socket.id
  if (limits.events.take(key)) return true
  if (!limits.refusals.take(key)) closeFlood(door, socket, connection.userId)
  return false
}

/** Ends the connection of somebody who floods it, and lets them make no other for a while. */
export function closeFlood(
  { limits, log, metrics = noMetrics, options }: Needs,
  socket: Socket,
  userId: string | null,
): void {
  if (socket.conn.readyState !== 'open') return
  metrics.flooded()
  closeWithReason(socket, 'FLOODING', options.floodPenaltyMs)
  if (userId === null) return
  limits.turnAway(userId).catch((error: unknown) => {
    log.warn({ err: error }, 'somebody who flooded a connection could not be kept away')
  })
}
