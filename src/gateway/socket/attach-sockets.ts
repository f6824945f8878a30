import type { Socket } from 'socket.io'
import { parseStatusChange } from '../../protocol/schemas/status-change.ts'
import { parseUnwatch, parseWatch } from '../../protocol/schemas/watch.ts'
import { noMetrics } from '../log.ts'
import { explainError } from '../explain-error.ts'
import { tooMuch } from '../rate-limit.ts'
import { answerEvent, checkSize, incoming } from './answer.ts'
import { type Connection, openConnection } from './connection.ts'
import type { SocketDoor } from './door.ts'

type Handlers = Readonly<Record<string, (...args: unknown[]) => void>>

/**
 * The socket door (4.4): gives every connection of a user of ours a session, and answers its events. Sockets that
 * `identify` does not know are left alone entirely.
 *
 * @returns stops taking new connections
 */
export function attachSockets(door: SocketDoor): () => void {
  const namespace = 'of' in door.io ? door.io.of('/') : door.io
  const onConnection = (socket: Socket) => welcome(door, socket)
  namespace.on('connection', onConnection)
  for (const socket of namespace.sockets.values()) onConnection(socket)
  return () => void namespace.off('connection', onConnection)
}

function welcome(door: SocketDoor, socket: Socket): void {
  const identity = identityOf(door, socket)
  if (identity === null || identity === undefined) return
  let handlers: Handlers = {}
  // Listening begins before the first await, so that neither a goodbye nor an early event is missed (R2).
  const connection = openConnection(door, socket, identity, () => {
    for (const [event, handler] of Object.entries(handlers)) socket.off(event, handler)
  })
  handlers = handlersFor(door, socket, connection)
  for (const [event, handler] of Object.entries(handlers)) socket.on(event, handler)
}

function identityOf({ identify, log }: SocketDoor, socket: Socket): ReturnType<SocketDoor['identify']> {
  try {
    return identify(socket)
  } catch (error) {
    log.error({ err: error, socketId: socket.id }, 'identify failed; the connection is taken for nobody of ours')
    return null
  }
}

function handlersFor(door: SocketDoor, socket: Socket, connection: Connection): Handlers {
  const { verbs, codec, options } = door
  return {
    activity: noteActivity(door, socket, connection),
    setStatus: answerEvent(door, socket, connection, 'setStatus', {
      read(payload) {
        checkSize(payload, options.maxPayloadBytes)
        return parseStatusChange(payload)
      },
      run: async (change, userId) => ({ presence: await verbs.chooseStatus(userId, change) }),
    }),
    watch: answerEvent(door, socket, connection, 'watch', {
      // Bounded by its own number of users, not by bytes.
      read: (payload) => parseWatch(payload, codec, options.maxWatchedUsers),
      run: ({ users, known }, userId) => verbs.watchUsers(socket.id, userId, users, known),
    }),
    unwatch: answerEvent(door, socket, connection, 'unwatch', {
      read(payload) {
        checkSize(payload, options.maxPayloadBytes)
        return parseUnwatch(payload)
      },
      run() {
        verbs.unwatchAll(socket.id)
        return {}
      },
    }),
    error(error) {
      if (connection.userId !== null) verbs.handleSocketError(connection.userId, error, socket.id)
    },
  }
}

/**
 * The most frequent event by far, so it takes the shortest way (R12). What it brings along is not looked at; above the
 * limit it is dropped, because one sign of use is as good as many, and whoever waits for an answer is told (R53).
 */
function noteActivity(door: SocketDoor, socket: Socket, connection: Connection): (...args: unknown[]) => void {
  const { verbs, limiter, log, metrics = noMetrics } = door

  const note = (sessionId: string): void => {
    verbs.noteSessionActivity(sessionId).catch((error: unknown) => {
      log.warn({ err: error, sessionId }, 'an activity could not be noted')
    })
  }

  return (...args) => {
    const { ack } = incoming(args)
    if (!limiter.take(connection.userId ?? socket.id)) {
      metrics.dropped('activity')
      ack?.({ ok: false, error: explainError(tooMuch(), log) })
      return
    }
    if (connection.sessionId !== null) note(connection.sessionId)
    else void connection.ready.then((ready) => ready && connection.sessionId !== null && note(connection.sessionId))
    ack?.({ ok: true })
  }
}
