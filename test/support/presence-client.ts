import type {
  ConnectionInfo,
  Decision,
  Presence,
  PresenceChange,
  PresenceClient,
  ProviderSearch,
  ProviderSearchState,
  Readable,
} from '../../src/client/contract.ts'
import { UNANSWERED_SEARCH } from '../../src/client/search/unanswered.ts'
import { normaliseQuery } from '../../src/client/search/query.ts'
import type { PresenceInfo } from '../../src/domain/info.ts'
import type { PresenceSettings, ProviderWatchRequest } from '../../src/protocol/index.ts'

/** A decision that the test answers. */
export interface Asked {
  readonly decision: Decision | { readonly visible: boolean } | { readonly settings: Partial<PresenceSettings> }
  /** Answers it, after telling `news` of it; by default the answer is what own presence says then. */
  grant(news?: PresenceInfo, answer?: PresenceInfo): Promise<void>
  refuse(code: string, message: string): Promise<void>
}

/** A client of nobody, for the React skin's own tests: the test says what is known, and sees what was asked for. */
export interface PresenceClientDouble extends PresenceClient {
  /** Wishes that were not ended, by user. */
  readonly wishes: ReadonlyMap<string, number>
  /** Searches that were not closed, by query in its one form. */
  readonly searches: ReadonlyMap<string, number>
  /** Listeners that were not taken away: of users, of searches, of connection and of own presence. */
  readonly listening: () => number
  /** How often anybody was watched. */
  readonly watched: () => number
  readonly connects: () => number
  readonly closes: () => number
  readonly asked: readonly Asked[]
  say(userId: string, part: Partial<Omit<Presence, 'userId'>>): void
  sayConnection(info: ConnectionInfo): void
  sayOwn(info: PresenceInfo | null): void
  saySearch(query: ProviderWatchRequest, part: Partial<ProviderSearchState>): void
}

export function presenceClientDouble(): PresenceClientDouble {
  const views = new Map<string, Presence>()
  const listeners = new Map<string, Set<() => void>>()
  const changeListeners = new Set<(change: PresenceChange) => void>()
  const wishes = new Map<string, number>()
  const searches = new Map<string, number>()
  const found = new Map<string, ReturnType<typeof cell<ProviderSearchState>>>()
  const asked: Asked[] = []
  const connection = cell<ConnectionInfo>({ state: 'closed', reason: 'not-opened' })
  const own = cell<PresenceInfo | null>(null)
  const settings: PresenceSettings = {
    show_online_status: true,
    status_audience: 'everyone',
    last_seen_audience: 'everyone',
    coarse_last_seen: false,
  }
  let watched = 0
  let connects = 0
  let closes = 0

  const count = (wanted: Map<string, number>, name: string, by: 1 | -1): void => {
    const times = (wanted.get(name) ?? 0) + by
    if (times === 0) wanted.delete(name)
    else wanted.set(name, times)
  }

  const foundBy = (key: string): ReturnType<typeof cell<ProviderSearchState>> => {
    const known = found.get(key) ?? cell<ProviderSearchState>(UNANSWERED_SEARCH)
    found.set(key, known)
    return known
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
    searches,
    listening: () =>
      Array.from(listeners.values()).reduce((sum, { size }) => sum + size, 0) +
      Array.from(found.values()).reduce((sum, { size }) => sum + size(), 0) +
      connection.size() +
      own.size(),
    watched: () => watched,
    connects: () => connects,
    closes: () => closes,
    asked,
    say,
    sayConnection: connection.set,
    sayOwn: own.set,
    saySearch(query, part) {
      const { get, set } = foundBy(normaliseQuery(query).key)
      set({ ...get(), ...part })
    },
    connection,
    own: {
      get: own.get,
      subscribe: own.subscribe,
      setStatus: ask,
      setVisible: async (visible) => void (await ask({ visible })),
      settings: async () => ({ ...settings }),
      changeSettings: async (change) => {
        await ask({ settings: change })
        return { ...Object.assign(settings, change) }
      },
      preview: async () => ownOrFail(),
      blocks: async () => [],
      block: async () => {},
      unblock: async () => {},
      reportMessage: async () => {},
      sessions: async () => [],
      signOut: async () => {},
      signOutEverywhere: async () => 0,
    },
    deviceId: () => 'this device',
    connect: () => void connects++,
    close: () => void closes++,
    watch(userIds) {
      watched++
      for (const userId of userIds) count(wishes, userId, 1)
      return () => {
        for (const userId of userIds) count(wishes, userId, -1)
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
    watchProviders<Card>(query: ProviderWatchRequest) {
      const { key } = normaliseQuery(query)
      const { get, subscribe } = foundBy(key)
      count(searches, key, 1)
      return { get, subscribe, close: () => count(searches, key, -1) } as unknown as ProviderSearch<Card>
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
