import type { Socket } from 'socket.io'
import { type CloseCode, closingFor } from '../../protocol/close-reasons.ts'

/** Milliseconds that a client has to read why, before its connection is cut. */
const LAST_WORD_MS = 1_000

/**
 * Ends a connection whose client does too much, with a last word that says why. At once: what else lies in the same chunk of its bytes is
 * not to be handled, as it would be until an answer under way were out (`close-socket.ts`). The engine connection below is closed, so that a plain
 * client comes back by itself.
 *
 * @param waitMs before which coming back is of no use
 */
export function closeWithReason(socket: Socket, code: CloseCode, waitMs: number): void {
  socket.emit('closing', { ...closingFor(code), reconnect_in_ms: Math.ceil(waitMs) })
  endEngine(socket.conn)
}

/** Closes an engine connection once what was written is read, or after a second. Nothing more is read of it. */
export function endEngine(conn: Socket['conn']): void {
  stopReading(conn)
  conn.close()
  const cut = setTimeout(() => hangUp({ conn }), LAST_WORD_MS)
  cut.unref()
  conn.once('close', () => clearTimeout(cut))
}

/** Cuts a connection off. A polite goodbye would wait behind everything that is not being read. */
export function hangUp({ conn }: Pick<Socket, 'conn'>): void {
  const webSocket = webSocketOf(conn)
  if (webSocket) webSocket.terminate()
  else conn.close(true)
}

/**
 * Ends the WebSocket of an engine connection that was given up because of what it sent, such as a message that is too large. The
 * client is being told; `ws` would read, and throw away, whatever still comes, for as long as the client does not answer.
 */
export function endOnceTold(conn: Socket['conn']): void {
  const webSocket = webSocketOf(conn)
  if (!webSocket) return
  // Not before `ws` has begun to throw away, which it does a tick after its error.
  setImmediate(() => webSocket.pause())
  setTimeout(() => webSocket.terminate(), LAST_WORD_MS).unref()
}

/** Unread bytes are the client's to keep: half a megabyte costs a millisecond, only to be told what was decided already. */
function stopReading(conn: Socket['conn']): void {
  webSocketOf(conn)?.pause()
}

/** Null for a connection that polls. */
const webSocketOf = (conn: Socket['conn']): { pause(): void; terminate(): void } | null =>
  (conn.transport as unknown as { socket?: { pause(): void; terminate(): void } }).socket ?? null
