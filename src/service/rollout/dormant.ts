import type { DeviceInfo } from '../verbs.ts'

/** A connection of somebody for whom presence is switched off: it stands, and nobody is here for it. */
export interface DormantConnection {
  /** What front doors call it, before and after. */
  readonly handle: string
  readonly userId: string
  readonly socketId: string
  readonly device: DeviceInfo
  /** See `PresenceVerbs.admit`. */
  readonly issuedAt: number | null | undefined
  /** Its session is just being made: a goodbye waits until it is. */
  waking: boolean
  /** Set when the connection ended meanwhile. `evidenceAt` in epoch milliseconds; undefined: just now. */
  goodbye: { readonly reason: string; readonly evidenceAt: number | undefined } | null
}

/** Those of this node. */
export interface DormantConnections {
  add(connection: Pick<DormantConnection, 'handle' | 'userId' | 'socketId' | 'device' | 'issuedAt'>): void
  get(handle: string): DormantConnection | undefined
  find(userId: string, socketId: string): DormantConnection | undefined
  ofUser(userId: string): readonly DormantConnection[]
  remove(connection: DormantConnection): void
  userIds(): readonly string[]
}

/** @param onCount hears how many there are whenever that changes */
export function createDormantConnections(onCount: (count: number) => void): DormantConnections {
  const byHandle = new Map<string, DormantConnection>()
  const byUser = new Map<string, readonly DormantConnection[]>()
  const ofUser = (userId: string): readonly DormantConnection[] => byUser.get(userId) ?? []

  return {
    add(given) {
      const connection = { ...given, waking: false, goodbye: null }
      byHandle.set(given.handle, connection)
      byUser.set(given.userId, [...ofUser(given.userId), connection])
      onCount(byHandle.size)
    },
    get: (handle) => byHandle.get(handle),
    find: (userId, socketId) => ofUser(userId).findLast((connection) => connection.socketId === socketId),
    ofUser,
    remove(connection) {
      if (byHandle.get(connection.handle) !== connection) return
      byHandle.delete(connection.handle)
      const others = ofUser(connection.userId).filter((other) => other !== connection)
      if (others.length > 0) byUser.set(connection.userId, others)
      else byUser.delete(connection.userId)
      onCount(byHandle.size)
    },
    userIds: () => [...byUser.keys()],
  }
}
