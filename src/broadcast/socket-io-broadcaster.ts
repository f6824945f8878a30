import type { Server, Socket } from 'socket.io'
import { type Standing, viewAt } from '../domain/info.ts'
import { looksSame, UNSEEN } from '../domain/view.ts'
import type { ClientToServer, ServerToClient } from '../protocol/events.ts'
import { createCoalescer, type Receiver } from './coalescer.ts'
import type { Announcement, Broadcaster, SearchNews, Watcher } from './contract.ts'
import { encodeEvent, engineOf } from './engine.ts'
import { createSetIndex } from './set-index.ts'
import { createResyncs } from './resyncs.ts'
import { createSignOut } from './sign-out.ts'
import {
  forgetContact,
  hold,
  isMoved,
  isUnsaid,
  isUnanswered,
  placeOf,
  type Places,
  release,
  roleOf,
  stand,
  UNPLACED,
} from './places.ts'
import { type Audience, createTelling } from './told.ts'
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
  /** Called with the number of updates that were written, and the number of connections that got them in a frame each. */
  onDelivered?: (updates: number, frames: number) => void
  /** Called with the number of users whom anybody here watches, when it may have changed. */
  onWatched?: (users: number) => void
}

/** A connection that can be told things. */
interface Connection extends Receiver, Places {
  readonly socket: Socket<ClientToServer, ServerToClient>
  watched: ReadonlySet<string>
  /** How many deliveries there had been when it came. */
  readonly cameAt: number
  /** Whether it is told of nothing but retractions. */
  isSilent: boolean
}

const NOBODY: ReadonlySet<string> = new Set()

/**
 * Tells connections of this node what they watch. It keeps its own index of watchers and writes to their connections
 * instead of to rooms: a host's adapter would carry rooms to other nodes, whose watchers hear from their own node already.
 */
export function createSocketIoBroadcaster(options: BroadcasterOptions): Broadcaster {
  const {
    io,
    audience = 'watchers',
    mergeMs,
    maxQueuedUpdates: maxQueued,
    onDelivered = () => {},
    onWatched = () => {},
  } = options
  const connections = new Map<string, Connection>()
  const connectionsOf = createSetIndex<Connection>()
  const watchersOf = createSetIndex<Connection>()
  /** What was told last of users that somebody here watches; of everybody who changed, when everyone watches. */
  const told = createTelling()
  const topics = createTopics<Connection>()
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
      cameAt: told.deliveries(),
      isSilent: false,
      standings: null,
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
    // Where everyone hears everything, they go on hearing of this user.
    if (audience === 'everyone') return forgetContact(connection, userId)
    connection.standings?.delete(userId)
    if (!watchersOf.has(userId)) told.forget(userId)
  }

  function watch(socketId: string, userIds: readonly string[]): readonly string[] {
    const connection = connections.get(socketId)
    if (!connection) return []
    const watched = new Set(userIds)
    const added = userIds.filter((userId) => !connection.watched.has(userId) || isUnanswered(connection, userId))
    for (const userId of connection.watched) if (!watched.has(userId)) forget(userId, connection)
    for (const userId of watched) watchersOf.add(userId, connection)
    connection.watched = watched
    onWatched(watchersOf.size)
    // What still waits may be about somebody who is not watched any more (R40).
    connection.held = connection.held.filter(({ words }) => isAudience(connection, words.userId))
    return added
  }

  const isAudience = ({ watched }: Connection, userId: string): boolean =>
    audience === 'everyone' || watched.has(userId)

  function remove(socketId: string): void {
    const connection = connections.get(socketId)
    if (!connection) return
    for (const userId of connection.watched) forget(userId, connection)
    onWatched(watchersOf.size)
    topics.unlisten(connection, [...topics.of(connection)])
    connection.held = []
    connections.delete(socketId)
    connectionsOf.delete(connection.userId, connection)
  }

  /** Words the news for one audience; what still waits to be told is superseded by it. */
  function word(announcement: Announcement, role: Audience): Update {
    const { userId, at } = announcement
    const update = wordUpdate(userId, at, announcement[role], told.known(announcement, role))
    const waiting = told.updates(userId)[role]
    if (waiting) waiting.superseded = true
    return update
  }

  /** @param again also to those who were told this very version when they were placed */
  function deliver(announcement: Announcement, roles: readonly Audience[], again = false): void {
    const { userId, retracts } = announcement
    const groups: Record<Audience, Connection[]> = { own: [], contact: [], stranger: [] }
    const receivers = audience === 'everyone' ? connections.values() : watchersOf.of(userId)
    const contactRole = told.areApart(announcement) ? 'contact' : 'stranger'
    const takesBack = looksSame(announcement.stranger, UNSEEN) && looksSame(announcement.contact, UNSEEN)
    for (const receiver of receivers) {
      if (receiver.isSilent && !(takesBack && receiver.userId !== userId)) continue
      if (receiver.userId === userId) groups.own.push(receiver)
      else if (receiver.standings === null) groups.stranger.push(receiver)
      else {
        const role = roleOf(receiver.standings.get(userId), announcement, again)
        if (role === null) continue
        const group = role === 'contact' ? contactRole : role
        groups[group].push(receiver)
        // From now on they know something.
        if (roles.includes(group)) release(receiver, [userId], true)
      }
    }
    const updates = { ...told.updates(userId) }
    for (const role of roles) if (groups[role].length > 0) updates[role] = word(announcement, role)
    if (audience === 'everyone' || watchersOf.has(userId)) told.keep(announcement, updates)
    for (const role of roles) if (updates[role]) coalescer.offer(groups[role], updates[role], retracts)
  }

  function place(viewerId: string, standing: Standing, announcement: Announcement, unheard?: string): Standing {
    const { userId } = announcement
    let newest = standing
    for (const connection of connectionsOf.of(viewerId)) {
      if (!isAudience(connection, userId) || connection.isSilent) continue
      const before = connection.standings?.get(userId) ?? UNPLACED
      if (before.version > standing.version) {
        newest = before
        continue
      }
      const is = viewAt(told.newest(announcement), standing)
      // Whoever stands where they stood is told with all who do.
      const moved = isMoved(before, standing)
      stand(connection, userId, { ...standing, told: moved ? is.version : before.told })
      if (!moved || isUnsaid(before) || connection.socketId === unheard) continue
      if (before === UNPLACED && !mayKnow(connection, announcement)) continue
      const was = viewAt(told.views(userId) ?? announcement.before, before)
      if (!looksSame(was, is)) tellOne(connection, wordUpdate(userId, announcement.at, is, was))
    }
    return newest
  }

  /**
   * Whether a connection that was never placed may know anything of a user. Where everyone hears everything, one that came after it was
   * blocked does not: that something is taken back from it would tell that there is something (R31).
   */
  const mayKnow = ({ userId: viewerId, watched, cameAt }: Connection, { userId, decidedOn }: Announcement): boolean =>
    watched.has(userId) || decidedOn?.includes(viewerId) === true || told.wasToldSince(userId, cameAt)

  /** What still waits of the same user was for another audience: it is not to be told any more (R42). */
  function tellOne(connection: Connection, update: Update): void {
    connection.held = connection.held.filter(({ words }) => words.userId !== update.words.userId)
    coalescer.offer([connection], update, true)
  }

  function tell(topic: string, news: SearchNews): number {
    if (!topics.has(topic)) return 0
    const frame = encodeEvent(io.encoder, 'providersDiff', news)
    return topics.each(topic, (listeners) => coalescer.tell(listeners, frame))
  }

  const resyncs = createResyncs(connections)

  /** What a snapshot says is what its reader knows from then on; others who watch have to be told. */
  function remember(announcement: Announcement): void {
    const roles = told.concerned(announcement)
    if (roles.length > 0) deliver(announcement, roles)
    else if (watchersOf.has(announcement.userId)) told.keep(announcement)
  }

  return {
    add,
    remove,
    watch,
    remember,
    silence(socketId) {
      const connection = connections.get(socketId)
      if (!connection) return
      connection.isSilent = true
      connection.socket.emit('stale')
    },
    stale() {
      resyncs.cancel()
      for (const { socket } of connections.values()) socket.emit('stale')
    },
    resyncAll: resyncs.spread,
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
    viewersOf: (userId) => {
      const viewers = new Set([...watchersOf.of(userId)].map((connection) => connection.userId))
      viewers.delete(userId)
      return [...viewers]
    },
    hold(socketId, userIds) {
      const connection = connections.get(socketId)
      if (connection)
        hold(
          connection,
          userIds.filter((userId) => connection.watched.has(userId)),
        )
    },
    release(socketId, userIds, isAnswered) {
      const connection = connections.get(socketId)
      if (connection) release(connection, userIds, isAnswered)
    },
    place,
    standing: (socketId, userId) => placeOf(connections.get(socketId), userId),
    latest: (userId, role) => told.views(userId)?.[role] ?? null,
    announce: (announcement) => deliver(announcement, told.concerned(announcement)),
    repeat: (announcement) => {
      // What is repeated was read a moment ago: something newer may have been told meanwhile, such as a hiding (R7, R32).
      const isOld = (role: Audience) => announcement[role].version < told.known(announcement, role).version
      const roles = told.rolesOf(announcement)
      if (!roles.some(isOld)) deliver(announcement, roles, true)
    },
    tellSelf: (userId, info) => {
      for (const { socket } of connectionsOf.of(userId)) socket.emit('selfPresence', info)
    },
    resync: (to) => {
      const one = 'socketId' in to ? connections.get(to.socketId) : null
      const targets = 'userId' in to ? connectionsOf.of(to.userId) : one ? [one] : []
      for (const { socket } of targets) socket.emit('resync')
    },
    signOut: createSignOut(io),
    drop: (socketId) => io.of('/').sockets.get(socketId)?.conn.close(),
    counts: () => ({ watchedUsers: watchersOf.size, connections: connections.size }),
  }
}
