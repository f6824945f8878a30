import type { Server, Socket } from 'socket.io'
import { closingFor } from '../protocol/close-reasons.ts'
import type { View } from '../domain/view.ts'
import type { ClientToServer, ServerToClient } from '../protocol/events.ts'
import { createCoalescer, type Receiver } from './coalescer.ts'
import type { Announcement, Broadcaster, SearchNews, Watcher } from './contract.ts'
import { encodeEvent, engineOf } from './engine.ts'
import { createSetIndex } from './set-index.ts'
import { createTopics } from './topics.ts'
import { createTick } from './tick.ts'
import { type Update, wordUpdate } from './update.ts'

export interface BroadcasterOptions {
  io: Server<ClientToServer, ServerToClient>
  /** `everyone` tells all connections about all users, as small communities like it. @default 'watchers' */
  audience?: 'watchers' | 'everyone'
  /** Milliseconds for which changes for a busy connection are gathered, while the process is not busy itself (R42). */
  mergeMs: number
  /** Updates that may wait for a slow connection before it is told to read anew (R43). */
  maxQueuedUpdates: number
  /** Called with the number of updates that were written. */
  onDelivered?: (count: number) => void
}

type Audience = 'own' | 'stranger'
const AUDIENCES = ['own', 'stranger'] as const

/** What the watchers of one user were told last. */
interface Told {
  readonly views: Readonly<Record<Audience, View>>
  readonly updates: Readonly<Partial<Record<Audience, Update>>>
}

/** A connection that can be told things. */
interface Connection extends Receiver {
  readonly socket: Socket<ClientToServer, ServerToClient>
  watched: ReadonlySet<string>
}

/** Whether a viewer can see a difference; a version alone may grow without one (R14, R23). */
const looksDifferent = (a: View, b: View): boolean =>
  a.status !== b.status || a.lastSeenAt !== b.lastSeenAt || a.message !== b.message

const NOBODY: ReadonlySet<string> = new Set()

/**
 * Tells connections of this node what they watch. It keeps its own index of watchers and writes to their connections
 * instead of to rooms: a host's adapter would carry rooms to other nodes, whose watchers hear from their own node already.
 */
export function createSocketIoBroadcaster(options: BroadcasterOptions): Broadcaster {
  const { io, audience = 'watchers', mergeMs, maxQueuedUpdates: maxQueued, onDelivered = () => {} } = options
  const connections = new Map<string, Connection>()
  const connectionsOf = createSetIndex<Connection>()
  const watchersOf = createSetIndex<Connection>()
  /** What was told last of users that somebody here watches; of everybody who changed, when everyone watches. */
  const told = new Map<string, Told>()
  const topics = createTopics<Connection>()
  /** Sockets that were told to go. */
  const leaving = new WeakSet<object>()
  const coalescer = createCoalescer({
    encode: (event, ...payload) => encodeEvent(io.encoder, event, ...payload),
    tickMs: createTick(mergeMs),
    maxQueued,
    clock: () => performance.now(),
    onDelivered,
  })

  function add(watcher: Watcher): void {
    // A host may report sessions of its own making, which nobody can be told through.
    const socket = io.of('/').sockets.get(watcher.socketId)
    if (!socket) return
    const { socketId, userId, format } = watcher
    const connection: Connection = {
      socketId,
      userId,
      format,
      socket,
      engine: engineOf(socket),
      watched: NOBODY,
      held: [],
      writtenAt: Number.NEGATIVE_INFINITY,
      state: 'flowing',
      unread: 0,
    }
    connections.set(socketId, connection)
    connectionsOf.add(userId, connection)
  }

  function forget(userId: string, connection: Connection): void {
    watchersOf.delete(userId, connection)
    if (audience !== 'everyone' && !watchersOf.has(userId)) told.delete(userId)
  }

  function watch(socketId: string, userIds: readonly string[]): void {
    const connection = connections.get(socketId)
    if (!connection) return
    const watched = new Set(userIds)
    for (const userId of connection.watched) if (!watched.has(userId)) forget(userId, connection)
    for (const userId of watched) watchersOf.add(userId, connection)
    connection.watched = watched
    // What still waits may be about somebody who is not watched any more (R40).
    connection.held = connection.held.filter(({ words }) => isAudience(connection, words.userId))
  }

  const isAudience = ({ watched }: Connection, userId: string): boolean =>
    audience === 'everyone' || watched.has(userId)

  function remove(socketId: string): void {
    const connection = connections.get(socketId)
    if (!connection) return
    for (const userId of connection.watched) forget(userId, connection)
    topics.unlisten(connection, [...topics.of(connection)])
    connection.held = []
    connections.delete(socketId)
    connectionsOf.delete(connection.userId, connection)
  }

  /** What watchers knew last: what they were told here, else what was true before. */
  const known = ({ userId, before }: Announcement, role: Audience): View =>
    told.get(userId)?.views[role] ?? before[role]

  /** Words the news for one audience; what still waits to be told is superseded by it. */
  function word(announcement: Announcement, role: Audience): Update {
    const { userId, at } = announcement
    const update = wordUpdate(userId, at, announcement[role], known(announcement, role))
    const waiting = told.get(userId)?.updates[role]
    if (waiting) waiting.superseded = true
    return update
  }

  function deliver(announcement: Announcement, roles: readonly Audience[]): void {
    const { userId, own, stranger, retracts } = announcement
    const groups: Record<Audience, Connection[]> = { own: [], stranger: [] }
    const receivers = audience === 'everyone' ? connections.values() : watchersOf.of(userId)
    for (const receiver of receivers) groups[receiver.userId === userId ? 'own' : 'stranger'].push(receiver)
    const updates = { ...told.get(userId)?.updates }
    for (const role of roles) if (groups[role].length > 0) updates[role] = word(announcement, role)
    if (audience === 'everyone' || watchersOf.has(userId)) keep(userId, { own, stranger }, updates)
    for (const role of roles) if (updates[role]) coalescer.offer(groups[role], updates[role], retracts)
  }

  function tell(topic: string, news: SearchNews): number {
    if (!topics.has(topic)) return 0
    const frame = encodeEvent(io.encoder, 'providersDiff', news)
    return topics.each(topic, (listeners) => coalescer.tell(listeners, frame))
  }

  let resyncs = new Set<NodeJS.Timeout>()

  function stale(): void {
    for (const timer of resyncs) clearTimeout(timer)
    resyncs = new Set()
    for (const { socket } of connections.values()) socket.emit('stale')
  }

  function resyncAll(spreadMs: number): void {
    for (const socketId of connections.keys()) {
      const timer = setTimeout(() => {
        resyncs.delete(timer)
        connections.get(socketId)?.socket.emit('resync')
      }, Math.random() * spreadMs)
      resyncs.add(timer.unref())
    }
  }

  /** News of other nodes may come late: the newest views stay (R7). */
  function keep(userId: string, views: Told['views'], updates: Told['updates']): void {
    const held = told.get(userId)?.views
    const newest = (role: Audience) => (held && held[role].version > views[role].version ? held : views)[role]
    told.set(userId, { views: { own: newest('own'), stranger: newest('stranger') }, updates })
  }

  /** Those for whom it differs from what they know. */
  function concerned(announcement: Announcement): Audience[] {
    return AUDIENCES.filter((role) => {
      const before = known(announcement, role)
      return announcement[role].version > before.version && looksDifferent(announcement[role], before)
    })
  }

  /** What a snapshot says is what its reader knows from then on; others who watch have to be told. */
  function remember(announcement: Announcement): void {
    const { userId, own, stranger } = announcement
    const roles = concerned(announcement)
    if (roles.length > 0) deliver(announcement, roles)
    else if (watchersOf.has(userId)) keep(userId, { own, stranger }, told.get(userId)?.updates ?? {})
  }

  return {
    add,
    remove,
    watch,
    remember,
    stale,
    resyncAll,
    tell,
    listen(socketId, topic) {
      const connection = connections.get(socketId)
      if (connection) topics.listen(connection, topic)
    },
    unlisten(socketId, ended) {
      const connection = connections.get(socketId)
      if (connection) topics.unlisten(connection, ended)
    },
    topicsOf: (socketId) => {
      const connection = connections.get(socketId)
      return connection ? topics.of(connection) : NOBODY
    },
    hasListeners: (topic) => topics.has(topic),
    watched: () => watchersOf.keys(),
    latest: (userId, role) => told.get(userId)?.views[role] ?? null,
    announce: (announcement) => deliver(announcement, concerned(announcement)),
    repeat: (announcement) => {
      // What is repeated was read a moment ago: something newer may have been told meanwhile, such as a hiding (R7, R32).
      const isOld = (role: Audience) => announcement[role].version < known(announcement, role).version
      if (!AUDIENCES.some(isOld)) deliver(announcement, AUDIENCES)
    },
    tellSelf: (userId, info) => {
      for (const { socket } of connectionsOf.of(userId)) socket.emit('selfPresence', info)
    },
    resync: (to) => {
      const one = 'socketId' in to ? connections.get(to.socketId) : null
      const targets = 'userId' in to ? connectionsOf.of(to.userId) : one ? [one] : []
      for (const { socket } of targets) socket.emit('resync')
    },
    signOut: (socketId, why) => {
      const socket = io.of('/').sockets.get(socketId)
      if (!socket || leaving.has(socket)) return
      leaving.add(socket)
      socket.emit('closing', closingFor(why))
      // Later, because `disconnect` calls the host's own listeners, which may throw or call us.
      setImmediate(() => socket.disconnect(true))
    },
    drop: (socketId) => io.of('/').sockets.get(socketId)?.conn.close(),
    counts: () => ({ watchedUsers: watchersOf.size, connections: connections.size }),
  }
}
