import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import type { DeviceInfo } from '../../service/verbs.ts'
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
  /** Epoch milliseconds of the last packet, whatever it was. */
  lastPacketAt: number
}

type Engine = Socket['conn']

/** The reason for which Engine.IO gives up on a silent client: the last sign of life is older than that (R13). */
const SILENCE = 'ping timeout'

// One for all who are there: a promise for each idle connection would be kept for as long as it lasts.
const READY = Promise.resolve(true)

/**
 * The connections of one door. Listeners are shared by all sockets and find theirs here: closures of its own would cost an idle
 * connection more memory than everything else we keep of it.
 */
export interface Connections {
  /** @returns undefined for a socket that is not ours */
  of(socket: Socket): Connection | undefined
  /**
   * Starts the session of a socket, and ends it with the socket. A goodbye may come while the session is still being made:
   * it then ends as soon as there is one, so that nobody stays present without a connection (R2, R3).
   *
   * @param abandon called when the socket turns out to be somebody who is not ours
   */
  open(socket: Socket, identity: ReturnType<SocketDoor['identify']>, abandon: () => void): void
}

export function createConnections(door: SocketDoor): Connections {
  const { clock = Date.now } = door
  const connections = new WeakMap<Socket, Connection>()
  // Signs of life arrive at the engine, over which a client may have joined more than once.
  const newest = new WeakMap<Engine, Connection>()

  function onPacket(this: Engine): void {
    const connection = newest.get(this)
    if (connection) connection.lastPacketAt = clock()
  }

  function onDisconnect(this: Socket, reason: string): void {
    const connection = connections.get(this)
    this.conn.off('packet', onPacket)
    if (!connection) return
    connection.goodbye = { reason, evidenceAt: reason === SILENCE ? connection.lastPacketAt : undefined }
    endSession(door, connection)
  }

  function forget(socket: Socket): void {
    socket.conn.off('packet', onPacket)
    socket.off('disconnect', onDisconnect)
    connections.delete(socket)
  }

  return {
    of: (socket) => connections.get(socket),
    open(socket, identity, abandon) {
      const userId = identity instanceof Promise ? null : canonicalId(identity, door.codec)
      const connection: Connection = { userId, sessionId: null, goodbye: null, ready: READY, lastPacketAt: clock() }
      connections.set(socket, connection)
      newest.set(socket.conn, connection)
      socket.on('disconnect', onDisconnect)
      socket.conn.on('packet', onPacket)
      // Read at once: a host may let go of the handshake as soon as it knows who this is.
      const device = deviceInfoOf(socket.handshake)
      const foreign = (): void => {
        forget(socket)
        abandon()
      }
      connection.ready = begin(door, socket, connection, { identity, device, foreign }).catch((error: unknown) => {
        refuse(door, socket, error)
        return false
      })
    },
  }
}

interface Arrival {
  readonly identity: ReturnType<SocketDoor['identify']>
  readonly device: DeviceInfo
  readonly foreign: () => void
}

async function begin(door: SocketDoor, socket: Socket, connection: Connection, arrival: Arrival): Promise<boolean> {
  connection.userId = canonicalId(await arrival.identity, door.codec)
  if (connection.userId === null) {
    arrival.foreign()
    return false
  }
  if (goodbyeOf(connection) !== null) return false
  const { sessionId, presence } = await door.verbs.connectSession(connection.userId, socket.id, arrival.device)
  connection.sessionId = sessionId
  if (goodbyeOf(connection) !== null) {
    endSession(door, connection)
    return false
  }
  socket.emit('selfPresence', presence)
  connection.ready = READY
  return true
}

// Read through a function, because a goodbye may come during any await, which the compiler cannot know.
const goodbyeOf = (connection: Connection): Goodbye | null => connection.goodbye

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
