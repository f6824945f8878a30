import type { DeviceType } from '../domain/session.ts'
import type { DeviceInfo } from './verbs.ts'

/** How a connection ended: by a goodbye, or lost, with its last sign of life in epoch milliseconds. */
export interface Goodbye {
  readonly clean: boolean
  readonly at: number
}

/** A session whose connection this node holds or held: what only this node knows of it. */
export interface LocalSession {
  /** What front doors call it: the id it had at first. */
  readonly handle: string
  /** The id it has now; another one after this node lost its lease (R2). */
  sessionId: string
  /** Ids it had before, until the store has taken the one that it has now. */
  formerIds: readonly string[]
  readonly userId: string
  readonly socketId: string
  readonly deviceId: string | null
  readonly deviceType: DeviceType
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly connectedAt: number
  /** Last sign of use in epoch milliseconds; often newer than what the store was told (R12). */
  lastActivityAt: number
  /** Null while the connection stands. */
  goodbye: Goodbye | null
  /** What it came with, for a session that may have to begin anew; null when presence is on for everybody. */
  readonly arrival: Arrival | null
}

export interface Arrival {
  readonly device: DeviceInfo
  /** See `PresenceVerbs.admit`. */
  readonly issuedAt: number | null | undefined
}

/** The sessions of this node, by id and by user. */
export interface LocalSessions {
  add(session: LocalSession): void
  /** By what front doors call it. */
  get(handle: string): LocalSession | undefined
  withId(sessionId: string): LocalSession | undefined
  /** The newest session that was opened for this user on this connection. */
  find(userId: string, socketId: string): LocalSession | undefined
  ofUser(userId: string): readonly LocalSession[]
  /** Gives a session another id. */
  rename(session: LocalSession, sessionId: string): void
  remove(session: LocalSession): void
  userIds(): readonly string[]
  all(): readonly LocalSession[]
  readonly size: number
  /** How many users they are of. */
  readonly userCount: number
}

/** @param onCount hears how many there are whenever that changes */
export function createLocalSessions(onCount: (count: number) => void = () => undefined): LocalSessions {
  const byHandle = new Map<string, LocalSession>()
  /** Only those that were renamed: most never are. */
  const renamed = new Map<string, LocalSession>()
  const byUser = new Map<string, LocalSession[]>()
  const ofUser = (userId: string): readonly LocalSession[] => byUser.get(userId) ?? []

  function withId(sessionId: string): LocalSession | undefined {
    const session = renamed.get(sessionId) ?? byHandle.get(sessionId)
    return session?.sessionId === sessionId ? session : undefined
  }

  return {
    add: (session) => {
      byHandle.set(session.handle, session)
      if (session.sessionId !== session.handle) renamed.set(session.sessionId, session)
      byUser.set(session.userId, [...ofUser(session.userId), session])
      onCount(byHandle.size)
    },
    get: (handle) => byHandle.get(handle),
    withId,
    find: (userId, socketId) => ofUser(userId).findLast((session) => session.socketId === socketId),
    ofUser,
    rename: (session, sessionId) => {
      renamed.delete(session.sessionId)
      session.formerIds = [...session.formerIds, session.sessionId]
      session.sessionId = sessionId
      renamed.set(sessionId, session)
    },
    remove: (session) => {
      if (byHandle.get(session.handle) !== session) return
      byHandle.delete(session.handle)
      renamed.delete(session.sessionId)
      const others = ofUser(session.userId).filter((other) => other !== session)
      if (others.length > 0) byUser.set(session.userId, others)
      else byUser.delete(session.userId)
      onCount(byHandle.size)
    },
    userIds: () => [...byUser.keys()],
    all: () => [...byHandle.values()],
    get size() {
      return byHandle.size
    },
    get userCount() {
      return byUser.size
    },
  }
}

/** What this node knows of the activity of a user's sessions, newer than what the store was told: id to moment. */
export const activityOf = (local: LocalSessions, userId: string): ReadonlyMap<string, number> =>
  new Map(local.ofUser(userId).map(({ sessionId, lastActivityAt }) => [sessionId, lastActivityAt]))
