import type {
  ConnectionInfo,
  Decision,
  Presence,
  PresenceChange,
  PresenceClient,
  Readable,
} from '../../src/client/contract.ts'
import type { PresenceInfo } from '../../src/domain/info.ts'

/** A decision that the test answers. */
export interface Asked {
  readonly decision: Decision | { readonly visible: boolean }
  /** Answers it, after telling `news` of it; by default the answer is what own presence says then. */
  grant(news?: PresenceInfo, answer?: PresenceInfo): Promise<void>
  refuse(code: string, message: string): Promise<void>
}

/** A client of nobody, for the React skin's own tests: the test says what is known, and sees what was asked for. */
export interface PresenceClientDouble extends PresenceClient {
  /** Wishes that were not ended, by user. */
  readonly wishes: ReadonlyMap<string, number>
  /** Listeners that were not taken away: of users, of connection and of own presence. */
  readonly listening: () => number
  /** How often anybody was watched. */
  readonly watched: () => number
  readonly connects: () => number
  readonly closes: () => number
  readonly asked: readonly Asked[]
  say(userId: string, part: Partial<Omit<Presence, 'userId'>>): void
  sayConnection(info: ConnectionInfo): void
  sayOwn(info: PresenceInfo | null): void
}

export function presenceClientDouble(): PresenceClientDouble {
  const views = new Map<string, Presence>()
  const listeners = new Map<string, Set<() => void>>()
  const changeListeners = new Set<(change: PresenceChange) => void>()
  const wishes = new Map<string, number>()
  const asked: Asked[] = []
  const connection = cell<ConnectionInfo>({ state: 'closed', reason: 'not-opened' })
  const own = cell<PresenceInfo | null>(null)
  let watched = 0
  let connects = 0
  let closes = 0

  const count = (userId: string, by: 1 | -1): void => {
    const wanted = (wishes.get(userId) ?? 0) + by
    if (wanted === 0) wishes.delete(userId)
    else wishes.set(userId, wanted)
  }

  const ask = (decision: Asked['decision']): Promise<PresenceInfo> =>
    new Promise((resolve, reject) => {
      asked.push({
        decision,
        async grant(news, answer) {
          if (news) own.set(news)
          resolve(answer ?? ownOrFail())
          await Promise.resolve()
        },
        async refuse(code, message) {
          reject(Object.assign(new Error(message), { code, retryable: true }))
          await Promise.resolve()
        },
      })
    })

  const ownOrFail = (): PresenceInfo => {
    const info = own.get()
    if (!info) throw new Error('the test did not say who is signed in')
    return info
  }

  function get(userId: string): Presence {
    const known = views.get(userId)
    if (known) return known
    const unknown: Presence = { userId, status: 'unknown', lastSeen: null, message: null, stale: false }
    views.set(userId, unknown)
    return unknown
  }

  function say(userId: string, part: Partial<Omit<Presence, 'userId'>>): void {
    const before = get(userId)
    const after = { ...before, ...part }
    views.set(userId, after)
    for (const listener of listeners.get(userId) ?? []) listener()
    for (const listener of changeListeners) listener({ userId, before, after })
  }

  return {
    wishes,
    listening: () =>
      Array.from(listeners.values()).reduce((sum, { size }) => sum + size, 0) + connection.size() + own.size(),
    watched: () => watched,
    connects: () => connects,
    closes: () => closes,
    asked,
    say,
    sayConnection: connection.set,
    sayOwn: own.set,
    connection,
    own: {
      get: own.get,
      subscribe: own.subscribe,
      setStatus: ask,
      setVisible: async (visible) => void (await ask({ visible })),
      sessions: async () => [],
      signOut: async () => {},
      signOutEverywhere: async () => 0,
    },
    deviceId: () => 'this device',
    connect: () => void connects++,
    close: () => void closes++,
    watch(userIds) {
      watched++
      for (const userId of userIds) count(userId, 1)
      return () => {
        for (const userId of userIds) count(userId, -1)
      }
    },
    get,
    subscribe(userId, listener) {
      const of = listeners.get(userId) ?? new Set()
      listeners.set(userId, of.add(listener))
      return () => void of.delete(listener)
    },
    onChange(listener) {
      changeListeners.add(listener)
      return () => void changeListeners.delete(listener)
    },
    seed(presences) {
      for (const { userId, online_status: status, last_seen: lastSeen } of presences) say(userId, { status, lastSeen })
    },
  }
}

function cell<Value>(initial: Value): Readable<Value> & { set(value: Value): void; size(): number } {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    size: () => listeners.size,
    set(next) {
      value = next
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
