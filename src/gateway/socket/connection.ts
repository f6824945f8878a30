import type { Socket } from 'socket.io'
import type { CloseCode } from '../../protocol/close-reasons.ts'
import type { DeviceInfo } from '../../service/verbs.ts'
import { PresenceError } from '../../domain/errors.ts'
import { callerIn } from '../identify.ts'
import { closeCodeOf, closeSocket } from './close-socket.ts'
import { closeWithReason } from './close-with-reason.ts'
import { deviceInfoOf } from './device-info.ts'
import type { SocketDoor } from './door.ts'
import { createExpiries } from './expiries.ts'
import { arrivingCaller } from './verify-token.ts'

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
  /** It was told to go: nothing is done for it any more, and nothing keeps it. */
  isClosing: boolean
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
  /** Says when a connection ends by its token from now on. @returns false when it is over already */
  expire(socket: Socket, at: number | null): boolean
  /** Ends a connection, and tells it why (R62). */
  close(socket: Socket, code: CloseCode): void
  /** Ends those whose token has expired: their clients come back with a new one (R60). */
  closeExpired(): void
  /** Epoch milliseconds at which the next token expires, or null. */
  nextExpiry(): number | null
}

export function createConnections(door: SocketDoor): Connections {
  const { clock = Date.now } = door
  const connections = new WeakMap<Socket, Connection>()
  // Signs of life arrive at the engine, over which a client may have joined more than once.
  const newest = new WeakMap<Engine, Connection>()
  const expiries = createExpiries<Socket>()

  function onPacket(this: Engine): void {
    const connection = newest.get(this)
    if (connection) connection.lastPacketAt = clock()
  }

  function onDisconnect(this: Socket, reason: string): void {
    const connection = connections.get(this)
    this.conn.off('packet', onPacket)
    expiries.set(this, null)
    if (!connection) return
    connection.goodbye = { reason, evidenceAt: reason === SILENCE ? connection.lastPacketAt : undefined }
    endSession(door, connection)
  }

  function forget(socket: Socket): void {
    socket.conn.off('packet', onPacket)
    socket.off('disconnect', onDisconnect)
    connections.delete(socket)
  }

  function close(socket: Socket, code: CloseCode): void {
    const connection = connections.get(socket)
    if (!connection || connection.isClosing) return
    connection.isClosing = true
    expiries.set(socket, null)
    closeSocket(socket, code)
  }

  function expire(socket: Socket, at: number | null): boolean {
    const connection = connections.get(socket)
    if (!connection || connection.isClosing || connection.goodbye !== null) return false
    if (at !== null && at <= clock()) close(socket, 'TOKEN_EXPIRED')
    else expiries.set(socket, at)
    return true
  }

  /**
   * Turns a connection away for which no session could be made. Whoever may not be here is sent away for good; for anything else the
   * transport is closed, after which a plain client comes back by itself.
   */
  function refuse(socket: Socket, error: unknown): void {
    if (error instanceof PresenceError && error.code === 'RATE_LIMITED') {
      closeWithReason(socket, 'TOO_MANY_CONNECTS', error.retryAfterMs ?? 0)
      return
    }
    door.log.warn({ err: error, socketId: socket.id }, 'no session could be made for a connection')
    const code = closeCodeOf(error)
    if (code === null) socket.conn.close()
    else close(socket, code)
  }

  return {
    of: (socket) => connections.get(socket),
    expire,
    close,
    closeExpired() {
      for (const socket of expiries.takeDue(clock())) close(socket, 'TOKEN_EXPIRED')
    },
    nextExpiry: expiries.next,
    open(socket, identity, abandon) {
      const userId = identity instanceof Promise ? null : (callerIn(identity, door.codec)?.userId ?? null)
      const connection: Connection = {
        userId,
        sessionId: null,
        goodbye: null,
        isClosing: false,
        ready: READY,
        lastPacketAt: clock(),
      }
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
      connection.ready = begin(door, socket, connection, { identity, device, foreign, expire }).catch(
        (error: unknown) => {
          refuse(socket, error)
          return false
        },
      )
    },
  }
}

interface Arrival {
  readonly identity: ReturnType<SocketDoor['identify']>
  readonly device: DeviceInfo
  readonly foreign: () => void
  readonly expire: Connections['expire']
}

async function begin(door: SocketDoor, socket: Socket, connection: Connection, arrival: Arrival): Promise<boolean> {
  const caller = await arrivingCaller(door, socket, arrival.identity)
  connection.userId = caller?.userId ?? null
  if (caller === null) {
    arrival.foreign()
    return false
  }
  const on = door.verbs.isOn(caller.userId)
  // Of whom nothing is kept, nothing is counted.
  if (on === true || (await on)) await door.limits.spend('connects', caller.userId)
  // A host may take in a token that ends this very moment.
  if (goodbyeOf(connection) !== null || !arrival.expire(socket, caller.expiresAt) || connection.isClosing) return false
  const { userId, issuedAt } = caller
  const { sessionId, presence } = await door.verbs.connectSession(userId, socket.id, arrival.device, issuedAt)
  connection.sessionId = sessionId
  if (goodbyeOf(connection) !== null) {
    endSession(door, connection)
    return false
  }
  if (presence !== null) socket.emit('selfPresence', presence)
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
