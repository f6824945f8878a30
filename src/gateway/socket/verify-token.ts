import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import { type Caller, callerIn, type Identity } from '../identify.ts'
import type { SocketDoor } from './door.ts'

/** @throws {PresenceError} UNAUTHENTICATED, NOT_FOUND when the host did not say how tokens are checked */
export async function verifyToken(door: SocketDoor, socket: Socket, token: string): Promise<Caller> {
  const { codec, log } = door
  if (!door.verifyToken) {
    throw new PresenceError('NOT_FOUND', 'Connections are not renewed here: come back with the new token.')
  }
  let identity: Identity
  try {
    identity = await door.verifyToken(token, socket)
  } catch (error) {
    if (error instanceof PresenceError) throw error
    log.warn({ err: error, socketId: socket.id }, 'the host did not accept a token')
    throw new PresenceError('UNAUTHENTICATED', 'The token is not valid.', { cause: error })
  }
  const caller = callerIn(identity, codec)
  if (caller === null) throw new PresenceError('UNAUTHENTICATED', 'The token is not valid.')
  return caller
}

/**
 * Who is behind a connection that is new. One that Socket.IO recovered went past the host's middlewares, unless it says otherwise: its
 * token is checked again, and has to be that of the same user (R60).
 *
 * @throws {PresenceError} UNAUTHENTICATED
 */
export async function arrivingCaller(
  door: SocketDoor,
  socket: Socket,
  identity: Identity | Promise<Identity>,
): Promise<Caller | null> {
  // Read at once: a host may let go of the handshake as soon as it knows who this is.
  const token: unknown = socket.handshake.auth['token']
  const found = callerIn(await identity, door.codec)
  if (found === null || !socket.recovered || !door.verifyToken) return found
  const caller = await verifyToken(door, socket, typeof token === 'string' ? token : '')
  if (caller.userId !== found.userId) throw new PresenceError('UNAUTHENTICATED', 'The token is of somebody else.')
  return caller
}
