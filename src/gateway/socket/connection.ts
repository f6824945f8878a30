import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import { canonicalId } from '../identify.ts'
import { deviceInfoOf } from './device-info.ts'
import type { SocketDoor } from './door.ts'

/** How a connection ended. `evidenceAt`: its last sign of life in epoch milliseconds, undefined: just now. */
interface Goodbye {
  readonly reason: string
  readonly evidenceAt: number | undefined
}

/** One connection of one user, from `connection` to `disconnect`. */
export interface Connection {
  /** Canonical, or null while it is not known who this is. */
  userId: string | null
  /** Null until the session is made. */
  sessionId: string | null
  /** Null while the connection stands. */
  goodbye: Goodbye | null
  /** Whether there is a session to serve: false when the socket is not ours, was refused, or went meanwhile. */
  ready: Promise<boolean>
}

/** The reason for which Engine.IO gives up on a silent client: the last sign of life is older than that (R13). */
const SILENCE = 'ping timeout'

/**
 * Starts the session of a socket, and ends it with the socket. A goodbye may come while the session is still being made:
 * it then ends as soon as there is one, so that nobody stays present without a connection (R2, R3).
 *
 * @param abandon called when the socket turns out to be somebody who is not ours
 */
export function openConnection(
  door: SocketDoor,
  socket: Socket,
  identity: ReturnType<SocketDoor['identify']>,
  abandon: () => void,
): Connection {
  const userId = identity instanceof Promise ? null : canonicalId(identity, door.codec)
  const connection: Connection = { userId, sessionId: null, goodbye: null, ready: Promise.resolve(false) }
  const forget = awaitGoodbye(door, socket, connection)
  const foreign = () => {
    forget()
    abandon()
  }
  connection.ready = begin(door, socket, connection, identity, foreign).catch((error: unknown) => {
    refuse(door, socket, error)
    return false
  })
  return connection
}

async function begin(
  door: SocketDoor,
  socket: Socket,
  connection: Connection,
  identity: ReturnType<SocketDoor['identify']>,
  foreign: () => void,
): Promise<boolean> {
  connection.userId = canonicalId(await identity, door.codec)
  if (connection.userId === null) {
    foreign()
    return false
  }
  if (goodbyeOf(connection) !== null) return false
  const device = deviceInfoOf(socket.handshake)
  const { sessionId, presence } = await door.verbs.connectSession(connection.userId, socket.id, device)
  connection.sessionId = sessionId
  if (goodbyeOf(connection) !== null) {
    endSession(door, connection)
    return false
  }
  socket.emit('selfPresence', presence)
  return true
}

// Read through a function, because a goodbye may come during any await, which the compiler cannot know.
const goodbyeOf = (connection: Connection): Goodbye | null => connection.goodbye

/** Listens for the end, and for signs of life until then. @returns stops listening */
function awaitGoodbye(door: SocketDoor, socket: Socket, connection: Connection): () => void {
  const { clock = Date.now } = door
  // Kept, because `socket.conn` must still be the same object when we stop listening.
  const { conn } = socket
  let lastPacketAt = clock()
  const onPacket = () => {
    lastPacketAt = clock()
  }
  const onDisconnect = (reason: string) => {
    conn.off('packet', onPacket)
    connection.goodbye = { reason, evidenceAt: reason === SILENCE ? lastPacketAt : undefined }
    endSession(door, connection)
  }
  socket.on('disconnect', onDisconnect)
  conn.on('packet', onPacket)
  return () => {
    conn.off('packet', onPacket)
    socket.off('disconnect', onDisconnect)
  }
}

function endSession({ verbs, log }: SocketDoor, { sessionId, goodbye }: Connection): void {
  // Without a session yet, `begin` comes back here once there is one.
  if (sessionId === null || goodbye === null) return
  verbs.disconnectSession(sessionId, goodbye.reason, goodbye.evidenceAt).catch((error: unknown) => {
    log.error({ err: error, sessionId, reason: goodbye.reason }, 'a session could not be ended with its connection')
  })
}

/**
 * Turns a connection away for which no session could be made. A user who does not exist is sent away for good; for
 * anything else the transport is closed, after which a plain client comes back by itself.
 */
function refuse({ log }: SocketDoor, socket: Socket, error: unknown): void {
  log.warn({ err: error, socketId: socket.id }, 'no session could be made for a connection')
  if (error instanceof PresenceError && error.code === 'USER_NOT_FOUND') socket.disconnect(true)
  else socket.conn.close()
}
