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

/** Closes an engine connection once what was written is read, or after a second. */
export function endEngine(conn: Socket['conn']): void {
  conn.close()
  const cut = setTimeout(() => hangUp({ conn }), LAST_WORD_MS)
  cut.unref()
  conn.once('close', () => clearTimeout(cut))
}

/** Cuts a connection off. A polite goodbye would wait behind everything that is not being read. */
export function hangUp({ conn }: Pick<Socket, 'conn'>): void {
  const { socket } = conn.transport as unknown as { socket?: { terminate(): void } }
  if (socket) socket.terminate()
  else conn.close(true)
}
