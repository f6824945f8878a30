import type { Server } from 'socket.io'
import { closingFor } from '../protocol/close-reasons.ts'
import type { ClientToServer, ServerToClient } from '../protocol/events.ts'
import type { Broadcaster } from './contract.ts'

/** Ends connections for good, and says why; each once. */
export function createSignOut(io: Server<ClientToServer, ServerToClient>): Broadcaster['signOut'] {
  const leaving = new WeakSet<object>()
  return (socketId, why) => {
    const socket = io.of('/').sockets.get(socketId)
    if (!socket || leaving.has(socket)) return
    leaving.add(socket)
    socket.emit('closing', closingFor(why))
    // Later, because `disconnect` calls the host's own listeners, which may throw or call us.
    setImmediate(() => socket.disconnect(true))
  }
}
