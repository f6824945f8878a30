import type { DeviceType } from '../domain/session.ts'

/** A session whose connection this node holds or held: what only this node knows of it. */
export interface LocalSession {
  readonly sessionId: string
  readonly userId: string
  readonly socketId: string
  readonly deviceType: DeviceType
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly connectedAt: number
  /** Last sign of use in epoch milliseconds; often newer than what the store was told (R12). */
  lastActivityAt: number
  /** False once the connection is gone, while the session may live on in grace. */
  connected: boolean
}

/** The sessions of this node, by id and by user. */
export interface LocalSessions {
  add(session: LocalSession): void
  get(sessionId: string): LocalSession | undefined
  /** The newest session that was opened for this user on this connection. */
  find(userId: string, socketId: string): LocalSession | undefined
  ofUser(userId: string): readonly LocalSession[]
  remove(sessionId: string): void
  userIds(): readonly string[]
  readonly size: number
}

export function createLocalSessions(): LocalSessions {
  const byId = new Map<string, LocalSession>()
  const byUser = new Map<string, LocalSession[]>()
  const ofUser = (userId: string): readonly LocalSession[] => byUser.get(userId) ?? []

  return {
    add: (session) => {
      byId.set(session.sessionId, session)
      byUser.set(session.userId, [...ofUser(session.userId), session])
    },
    get: (sessionId) => byId.get(sessionId),
    find: (userId, socketId) => ofUser(userId).findLast((session) => session.socketId === socketId),
    ofUser,
    remove: (sessionId) => {
      const session = byId.get(sessionId)
      if (!session) return
      byId.delete(sessionId)
      const others = ofUser(session.userId).filter((other) => other !== session)
      if (others.length > 0) byUser.set(session.userId, others)
      else byUser.delete(session.userId)
    },
    userIds: () => [...byUser.keys()],
    get size() {
      return byId.size
    },
  }
}

/** What this node knows of the activity of a user's sessions, newer than what the store was told: id to moment. */
export const activityOf = (local: LocalSessions, userId: string): ReadonlyMap<string, number> =>
  new Map(local.ofUser(userId).map(({ sessionId, lastActivityAt }) => [sessionId, lastActivityAt]))
