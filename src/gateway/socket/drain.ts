import type { Socket } from 'socket.io'

export interface DrainOptions {
  /** Milliseconds over which connections are closed, each at a moment of its own. */
  readonly spreadMs: number
  /** Milliseconds after which a connection that still stands is cut, whatever is on its way. */
  readonly withinMs: number
}

/** Milliseconds that a client is asked to stay away beyond the moment at which it is let go. */
const MARGIN_MS = 100

/**
 * Moves connections to wherever their clients find another server: says `drain`, then closes the engine connection below, after which a
 * plain client comes back by itself. A `disconnect` would be a goodbye, and stop it from doing so (R54).
 *
 * @returns resolves when all are closed
 */
export async function drainSockets(sockets: Iterable<Socket>, options: DrainOptions): Promise<void> {
  await Promise.all(Array.from(sockets, (socket) => move(socket, options)))
}

function move(socket: Socket, { spreadMs, withinMs }: DrainOptions): Promise<void> {
  const { conn } = socket
  if (conn.readyState === 'closed') return Promise.resolve()
  const closesInMs = Math.random() * spreadMs
  socket.emit('drain', { reconnect_in_ms: Math.ceil(closesInMs) + MARGIN_MS })
  return new Promise((resolve) => {
    // Not before what was written is on its way: the word of the move itself, for one.
    const leave = setTimeout(() => conn.close(), closesInMs)
    const cut = setTimeout(() => {
      conn.close(true)
      resolve()
    }, withinMs)
    conn.once('close', () => {
      clearTimeout(leave)
      clearTimeout(cut)
      resolve()
    })
  })
}
