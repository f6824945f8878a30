import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import type { ClientToServer } from '../../protocol/events.ts'
import { explainError } from '../explain-error.ts'
import type { DoorMetrics, Log } from '../log.ts'
import { incoming, isDeaf } from './answer.ts'
import { hangUp } from './close-with-reason.ts'

const EVENTS: Record<keyof ClientToServer, true> = {
  activity: true,
  setStatus: true,
  watch: true,
  watchProviders: true,
  renew: true,
  unwatch: true,
}

/**
 * Refuses events that there are none of, where somebody waits for an answer: Socket.IO itself lets them wait (R53). For a server whose events
 * are all ours; a host's are the host's to know.
 */
export function refuseStrangeEvents({ log, metrics }: { log: Log; metrics: DoorMetrics }): (socket: Socket) => void {
  // One for all connections: see `Connections`.
  function onAny(this: Socket, ...args: unknown[]): void {
    const [event] = args
    if (typeof event === 'string' && Object.hasOwn(EVENTS, event)) return
    // An event may come without so much as a name: then the acknowledgement stands in its place.
    const { ack } = incoming(args)
    if (ack === null) return
    if (isDeaf(this)) {
      hangUp(this)
      return
    }
    const error = explainError(new PresenceError('NOT_FOUND', 'There is no event of this name.'), log)
    metrics.refused('socket', error.code)
    ack({ ok: false, error })
  }
  return (socket) => void socket.onAny(onAny)
}
