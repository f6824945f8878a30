import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import { isoTime } from '../../domain/info.ts'
import type { RenewReply } from '../../protocol/events.ts'
import type { Connections } from './connection.ts'
import type { SocketDoor } from './door.ts'
import { verifyToken } from './verify-token.ts'

/** A connection that wants to go on, and the token it brings. */
export interface Renewal {
  readonly socket: Socket
  readonly userId: string
  readonly token: string
}

/**
 * Lets a connection go on for as long as its next token holds (R60). A token of somebody else ends it: nothing on this connection is
 * theirs. Any other refusal leaves it as it was, with the end that it had.
 *
 * @throws {PresenceError} UNAUTHENTICATED, BANNED, NOT_FOUND
 */
export async function renewConnection(
  door: SocketDoor,
  connections: Connections,
  { socket, userId, token }: Renewal,
): Promise<Omit<RenewReply, 'ok'>> {
  const { clock = Date.now } = door
  const caller = await verifyToken(door, socket, token)
  if (caller.userId !== userId) {
    connections.close(socket, 'TOKEN_REJECTED')
    throw new PresenceError('UNAUTHENTICATED', 'The token is of somebody else.')
  }
  const { expiresAt, issuedAt } = caller
  await door.verbs.admit(userId, issuedAt)
  if (expiresAt !== null && expiresAt <= clock()) throw new PresenceError('UNAUTHENTICATED', 'The token has expired.')
  if (!connections.expire(socket, expiresAt)) {
    throw new PresenceError('UNAUTHENTICATED', 'The token came too late: come back with it.')
  }
  return { expires_at: isoTime(expiresAt) }
}
