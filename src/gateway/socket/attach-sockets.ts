import type { Socket } from 'socket.io'
import { parseRenewal } from '../../protocol/schemas/renewal.ts'
import { parseStatusChange } from '../../protocol/schemas/status-change.ts'
import { parseProviderWatch } from '../../protocol/schemas/provider-watch.ts'
import { parseUnwatch, parseWatch } from '../../protocol/schemas/watch.ts'
import { PresenceError } from '../../domain/errors.ts'
import { providerQuery } from '../http/provider-routes.ts'
import { noMetrics } from '../log.ts'
import type { ProviderQuery } from '../../service/verbs.ts'
import { explainError } from '../explain-error.ts'
import { tooMuch } from '../rate-limit.ts'
import { answerEvent, checkSize, incoming, type SharedListener } from './answer.ts'
import { type Connections, createConnections } from './connection.ts'
import type { SocketDoor } from './door.ts'
import { isWithinLimit } from './flood.ts'
import { renewConnection } from './renew-connection.ts'
import { wordWatched } from './search-words.ts'

/** The open door. */
export interface AttachedSockets extends Pick<Connections, 'closeExpired' | 'nextExpiry'> {
  /** Stops taking new connections. */
  detach(): void
}

type Listeners = Readonly<Record<string, SharedListener>>

/**
 * The socket door (4.4): gives every connection of a user of ours a session, and answers its events. Sockets that
 * `identify` does not know are left alone entirely.
 *
 */
export function attachSockets(door: SocketDoor): AttachedSockets {
  const namespace = 'of' in door.io ? door.io.of('/') : door.io
  const connections = createConnections(door)
  const listeners = listenersFor(door, connections)
  const onConnection = (socket: Socket) => welcome(door, socket, connections, listeners)
  namespace.on('connection', onConnection)
  for (const socket of namespace.sockets.values()) onConnection(socket)
  return {
    detach: () => void namespace.off('connection', onConnection),
    closeExpired: connections.closeExpired,
    nextExpiry: connections.nextExpiry,
  }
}

function welcome(door: SocketDoor, socket: Socket, connections: Connections, listeners: Listeners): void {
  const identity = identityOf(door, socket)
  if (identity === null || identity === undefined) return
  // Listening begins before the first await, so that neither a goodbye nor an early event is missed (R2).
  connections.open(socket, identity, () => {
    for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener)
  })
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener)
}

function identityOf({ identify, log }: SocketDoor, socket: Socket): ReturnType<SocketDoor['identify']> {
  try {
    return identify(socket)
  } catch (error) {
    log.error({ err: error, socketId: socket.id }, 'identify failed; the connection is taken for nobody of ours')
    return null
  }
}

function listenersFor(door: SocketDoor, connections: Connections): Listeners {
  const { verbs, codec, options, limits, clock = Date.now } = door
  return {
    activity: noteActivity(door, connections),
    setStatus: answerEvent(door, connections, 'setStatus', {
      read(payload) {
        checkSize(payload, options.maxPayloadBytes)
        return parseStatusChange(payload)
      },
      async run(change, userId) {
        await limits.spend('decisions', userId)
        return { presence: await verbs.chooseStatus(userId, change) }
      },
    }),
    watch: answerEvent(door, connections, 'watch', {
      // Bounded by its own number of users, not by bytes.
      read: (payload) => parseWatch(payload, codec, options.maxWatchedUsers),
      run({ users, known }, userId, socket) {
        if (!limits.reads.take(userId, users.length)) throw tooMuch()
        return verbs.watchUsers(socket.id, userId, users, known)
      },
    }),
    watchProviders: answerEvent(door, connections, 'watchProviders', {
      read(payload) {
        checkSize(payload, options.maxPayloadBytes)
        return readSearch(door, payload)
      },
      async run(query, userId, socket) {
        await limits.spend('searches', userId)
        return wordWatched(await verbs.watchProviders(socket.id, query), query.sort, clock())
      },
    }),
    renew: answerEvent(door, connections, 'renew', {
      read(payload) {
        checkSize(payload, options.maxPayloadBytes)
        return parseRenewal(payload)
      },
      isAlwaysOn: true,
      run: ({ token }, userId, socket) => renewConnection(door, connections, { socket, userId, token }),
    }),
    unwatch: answerEvent(door, connections, 'unwatch', {
      read(payload) {
        checkSize(payload, options.maxPayloadBytes)
        return parseUnwatch(payload)
      },
      isAlwaysOn: true,
      run({ watch_id: watchId }, _userId, socket) {
        if (watchId === undefined) verbs.unwatchAll(socket.id)
        else verbs.unwatchProviders(socket.id, watchId)
        return {}
      },
    }),
    error(error) {
      // A client may send an event of this name, with any words: that is no error of its socket.
      if (!(error instanceof Error)) return
      const userId = connections.of(this)?.userId
      if (typeof userId === 'string') verbs.handleSocketError(userId, error, this.id)
    },
  }
}

/** @throws {PresenceError} NOT_FOUND, INVALID_PAYLOAD, INVALID_QUERY */
function readSearch({ codec, directoryIds }: SocketDoor, payload: unknown): ProviderQuery {
  if (!directoryIds) throw new PresenceError('NOT_FOUND', 'This system has no directory of providers.')
  return providerQuery(parseProviderWatch(payload), codec, directoryIds)
}

/**
 * The most frequent event by far, so it takes the shortest way (R12). What it brings along is not looked at; above the
 * limit it is dropped, because one sign of use is as good as many, and whoever waits for an answer is told (R53).
 */
function noteActivity(door: SocketDoor, connections: Connections): SharedListener {
  const { verbs, log, metrics = noMetrics } = door

  const note = (sessionId: string): void => {
    verbs.noteSessionActivity(sessionId).catch((error: unknown) => {
      log.warn({ err: error, sessionId }, 'an activity could not be noted')
    })
  }

  return function onActivity(...args) {
    const connection = connections.of(this)
    if (!connection) return
    const { ack } = incoming(args)
    if (!isWithinLimit(door, this, connection)) {
      metrics.dropped('activity')
      ack?.({ ok: false, error: explainError(tooMuch(), log) })
      return
    }
    if (connection.sessionId !== null) note(connection.sessionId)
    else void connection.ready.then((ready) => ready && connection.sessionId !== null && note(connection.sessionId))
    ack?.({ ok: true })
  }
}
