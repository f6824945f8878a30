import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import { type CloseCode, CLOSE_REASONS, closingFor } from '../../protocol/close-reasons.ts'

/** Milliseconds after which a connection is cut whose client does not read the last word. */
const LAST_WORD_MS = 1_000

/**
 * Ends a connection, with a last word that says why (R62). Whoever is to come back has only the engine connection closed, after which
 * a plain client does so by itself, and the session waits for it; for anybody else it is a goodbye.
 */
export function closeSocket(socket: Socket, code: CloseCode): void {
  const { conn } = socket
  socket.emit('closing', closingFor(code))
  // Later: whatever is being answered right now comes before.
  setImmediate(() => {
    if (CLOSE_REASONS[code].reconnect) conn.close()
    else socket.disconnect(true)
    setTimeout(() => conn.close(true), LAST_WORD_MS).unref()
  })
}

/**
 * What a connection is told for which no session could be made. Null: nothing that is wrong with it, so that its client comes back by
 * itself.
 */
export function closeCodeOf(error: unknown): CloseCode | null {
  if (!(error instanceof PresenceError)) return null
  if (error.code === 'USER_NOT_FOUND') return 'USER_DELETED'
  if (error.code === 'BANNED') return 'BANNED'
  return error.code === 'UNAUTHENTICATED' ? 'TOKEN_REJECTED' : null
}
