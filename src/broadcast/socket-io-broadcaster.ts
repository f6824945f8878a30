import type { Server } from 'socket.io'
import { isoTime } from '../domain/info.ts'
import { isPresent } from '../domain/status.ts'
import type { View } from '../domain/view.ts'
import type { ClientToServer, PresenceUpdate, ServerToClient } from '../protocol/events.ts'
import type { Announcement, Broadcaster, Watcher } from './contract.ts'

export interface BroadcasterOptions {
  io: Server<ClientToServer, ServerToClient>
  /** `everyone` tells all connections about all users, as small communities like it. @default 'watchers' */
  audience?: 'watchers' | 'everyone'
  /** Called with the number of connections that one update was written to. */
  onDelivered?: (count: number) => void
}

type Audience = 'own' | 'stranger'

/**
 * Tells connections of this node what they watch. It emits to sockets directly instead of to rooms: a host's adapter
 * would carry rooms to other nodes, whose watchers hear from their own node already.
 */
export function createSocketIoBroadcaster({ io, audience = 'watchers', onDelivered }: BroadcasterOptions): Broadcaster {
  const connections = new Map<string, Watcher & { watched: ReadonlySet<string> }>()
  const socketsOf = new Map<string, Set<string>>()
  const watchersOf = new Map<string, Set<string>>()
  /** The newest views announced of users that somebody here watches. */
  const announced = new Map<string, Record<Audience, View>>()

  const socket = (socketId: string) => io.of('/').sockets.get(socketId)

  function unwatch(socketId: string, userId: string): void {
    removeFrom(watchersOf, userId, socketId)
    if (!watchersOf.has(userId)) announced.delete(userId)
  }

  function watch(socketId: string, userIds: readonly string[]): void {
    const connection = connections.get(socketId)
    if (!connection) return
    const watched = new Set(userIds)
    for (const userId of connection.watched) if (!watched.has(userId)) unwatch(socketId, userId)
    for (const userId of watched) addTo(watchersOf, userId, socketId)
    connections.set(socketId, { ...connection, watched })
  }

  function remove(socketId: string): void {
    const connection = connections.get(socketId)
    if (!connection) return
    for (const userId of connection.watched) unwatch(socketId, userId)
    connections.delete(socketId)
    removeFrom(socketsOf, connection.userId, socketId)
  }

  /** What watchers knew last: what they were told here, else what was true before. */
  const known = ({ userId, before }: Announcement, role: Audience): View =>
    announced.get(userId)?.[role] ?? before[role]

  function deliver(announcement: Announcement, roles: ReadonlySet<Audience>): void {
    const { userId } = announcement
    const receivers = audience === 'everyone' ? connections.keys() : (watchersOf.get(userId) ?? [])
    const words = new Map<Audience, Told>()
    for (const role of roles) words.set(role, wording(announcement, role, known(announcement, role)))
    let delivered = 0
    for (const socketId of receivers) {
      const connection = connections.get(socketId)
      const told = words.get(connection?.userId === userId ? 'own' : 'stranger')
      if (!connection || !told) continue
      tell(connection, told)
      delivered += 1
    }
    onDelivered?.(delivered)
  }

  function tell({ socketId, format }: Watcher, { update, flip }: Told): void {
    const receiver = socket(socketId)
    if (!receiver) return
    if (format === 'diff') {
      receiver.emit('presenceDiff', { changed: [update] })
      return
    }
    const { userId, status, version } = update
    if (flip !== null) receiver.emit(flip, { userId, status, version })
    receiver.emit('presenceUpdate', update)
  }

  function announce(announcement: Announcement): void {
    const { userId, own, stranger } = announcement
    const roles = (['own', 'stranger'] as const).filter(
      (role) => announcement[role].version > known(announcement, role).version,
    )
    if (roles.length > 0) deliver(announcement, new Set(roles))
    if (watchersOf.has(userId)) announced.set(userId, { own, stranger })
  }

  return {
    add: (watcher) => {
      connections.set(watcher.socketId, { ...watcher, watched: new Set() })
      addTo(socketsOf, watcher.userId, watcher.socketId)
    },
    remove,
    watch,
    latest: (userId, role) => announced.get(userId)?.[role] ?? null,
    announce,
    repeat: (announcement) => deliver(announcement, new Set(['own', 'stranger'])),
    tellSelf: (userId, info) => {
      for (const socketId of socketsOf.get(userId) ?? []) socket(socketId)?.emit('selfPresence', info)
    },
    resync: (to) => {
      const targets = 'socketId' in to ? [to.socketId] : (socketsOf.get(to.userId) ?? [])
      for (const socketId of targets) socket(socketId)?.emit('resync')
    },
    signOut: (socketId) => {
      // Later, because `disconnect` calls the host's own listeners, which may throw or call us.
      const leaving = socket(socketId)
      if (leaving) setImmediate(() => leaving.disconnect(true))
    },
    drop: (socketId) => socket(socketId)?.conn.close(),
    counts: () => ({ watchedUsers: watchersOf.size, connections: connections.size }),
  }
}

/** One update in the wire's words, and the event that goes before it when somebody came or left. */
interface Told {
  readonly update: PresenceUpdate
  readonly flip: 'userOnline' | 'userOffline' | null
}

function wording({ userId, at, ...views }: Announcement, role: Audience, known: View): Told {
  const view = views[role]
  const present = isPresent(view.status)
  const update: PresenceUpdate = {
    userId,
    status: view.status,
    timestamp: new Date(at).toISOString(),
    last_seen: isoTime(view.lastSeenAt),
    ...(view.message === null ? {} : { custom_message: view.message }),
    version: String(view.version),
  }
  const flip = present ? 'userOnline' : 'userOffline'
  return { update, flip: present === isPresent(known.status) ? null : flip }
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key)
  if (set) set.add(value)
  else sets.set(key, new Set([value]))
}

function removeFrom(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key)
  set?.delete(value)
  if (set?.size === 0) sets.delete(key)
}
