import type { Socket } from 'socket.io'
import type { ClientToServer, ServerToClient } from '../protocol/events.ts'

/** Asks all connections to read everything again, not all at the same moment. */
export interface Resyncs {
  /** @param spreadMs milliseconds over which they are asked */
  spread(spreadMs: number): void
  /** Whoever was not asked yet is not asked any more. */
  cancel(): void
}

export function createResyncs(
  connections: ReadonlyMap<string, { readonly socket: Socket<ClientToServer, ServerToClient> }>,
): Resyncs {
  let timers = new Set<NodeJS.Timeout>()
  return {
    spread(spreadMs) {
      for (const socketId of connections.keys()) {
        const timer = setTimeout(() => {
          timers.delete(timer)
          connections.get(socketId)?.socket.emit('resync')
        }, Math.random() * spreadMs)
        timers.add(timer.unref())
      }
    },
    cancel() {
      for (const timer of timers) clearTimeout(timer)
      timers = new Set()
    },
  }
}
