import type { EventEmitter } from 'node:events'
import type { Socket } from 'socket.io'

const NOTHING = Object.freeze({})

/**
 * Lets go of what only the handshake needed: the request, its headers and the token, a good part of what an idle connection
 * costs. For a server whose own code reads none of it later. Socket.IO allows for a connection without its request,
 * https://socket.io/docs/v4/memory-usage/#cleaning-the-http-request.
 */
export function releaseHandshake({ conn, handshake }: Socket): void {
  Object.assign(handshake, { headers: NOTHING, auth: NOTHING, query: NOTHING, url: '', time: '' })
  // What Engine.IO made of the request for its middlewares lives as long as the connection: it may keep an empty one.
  // There is none any more for a client that joins a second time over the same connection.
  const request = conn.request as Socket['request'] | null
  if (request) Object.assign(request, { headers: NOTHING, rawHeaders: [] })
  Object.assign(conn, { request: null })
  const { socket: webSocket } = conn.transport as unknown as { socket?: EventEmitter }
  if (webSocket) removeUpgradeListener(webSocket)
}

/**
 * Engine.IO listens for errors before the connection stands, with a closure that holds the request. It takes the listener away
 * when polling is upgraded, and leaves it where a connection begins as a WebSocket, although its transport listens by then.
 */
function removeUpgradeListener(webSocket: EventEmitter): void {
  const listeners = webSocket.listeners('error')
  if (listeners.length < 2) return
  for (const listener of listeners) {
    if (listener.name === 'onUpgradeError') webSocket.off('error', listener as () => void)
  }
}
