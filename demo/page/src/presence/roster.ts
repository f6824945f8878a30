import type { PresenceInfo, PresenceUpdate, Status } from './wire.ts'

/** What is known of one person. `version` is null when it came with a plain read, which carries none. */
export interface Presence {
  readonly status: Status
  readonly lastSeen: string | null
  readonly message: string | null
  readonly stale: boolean
  readonly version: string | null
}

interface PresenceChange {
  readonly userId: string
  readonly before: Presence | undefined
  readonly after: Presence
}

/** The views this page holds, one per person. It never goes back to an older view (R7, R41). */
export interface Roster {
  get(userId: string): Presence | undefined
  subscribe(listener: () => void): () => void
  /** Hears every change that a live update made, not the first sight of somebody. */
  onChange(listener: (change: PresenceChange) => void): () => void
  apply(update: PresenceUpdate): void
  adopt(presences: readonly PresenceInfo[], versions: Readonly<Record<string, string>>): void
  /** Takes what a plain read said, except of people whose news we get: a read may be older than the last live word. */
  seed(presences: readonly PresenceInfo[]): void
  versions(userIds: readonly string[]): Record<string, string>
  /** Names the people whose news arrives. Of all others the last view is kept, until a plain read says otherwise. */
  expectNewsOf(userIds: ReadonlySet<string>): void
  clear(): void
}

/** Views kept of people who are no longer on the screen. */
const MOST_REMEMBERED = 1_000

export function createRoster(): Roster {
  const views = new Map<string, Presence>()
  const listeners = new Set<() => void>()
  let expected: ReadonlySet<string> = new Set()
  const changeListeners = new Set<(change: PresenceChange) => void>()

  const announce = (): void => {
    for (const listener of listeners) listener()
  }

  /** @returns whether anything moved */
  const put = (userId: string, after: Presence): boolean => {
    const before = views.get(userId)
    if (before && !isNewer(after, before)) return false
    views.set(userId, after)
    if (before && differs(before, after)) for (const listener of changeListeners) listener({ userId, before, after })
    return true
  }

  return {
    get: (userId) => views.get(userId),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onChange(listener) {
      changeListeners.add(listener)
      return () => changeListeners.delete(listener)
    },
    apply(update) {
      if (put(update.userId, fromUpdate(update))) announce()
    },
    adopt(presences, versions) {
      let moved = false
      for (const info of presences) moved = put(info.userId, fromInfo(info, versions[info.userId] ?? null)) || moved
      if (moved) announce()
    },
    seed(presences) {
      let moved = false
      for (const info of presences) {
        const known = views.get(info.userId)
        if (known && !expected.has(info.userId)) views.set(info.userId, { ...known, version: null })
        moved = put(info.userId, fromInfo(info, null)) || moved
      }
      if (moved) announce()
    },
    versions(userIds) {
      const known: Record<string, string> = {}
      for (const userId of userIds) {
        const version = views.get(userId)?.version
        if (version) known[userId] = version
      }
      return known
    },
    expectNewsOf(userIds) {
      expected = userIds
      if (views.size <= MOST_REMEMBERED) return
      for (const userId of views.keys()) if (!userIds.has(userId)) views.delete(userId)
    },
    clear() {
      views.clear()
      announce()
    },
  }
}

/** A live view beats a read without a version; between live views the greater version wins, whatever came last. */
function isNewer(after: Presence, before: Presence): boolean {
  if (before.version === null) return after.version !== null || differs(before, after) || before.stale !== after.stale
  if (after.version === null) return false
  if (after.version === before.version) return after.stale !== before.stale
  return BigInt(after.version) > BigInt(before.version)
}

const differs = (a: Presence, b: Presence): boolean =>
  a.status !== b.status || a.message !== b.message || a.lastSeen !== b.lastSeen

const fromInfo = (info: PresenceInfo, version: string | null): Presence => ({
  status: info.online_status,
  lastSeen: info.last_seen,
  message: info.custom_message ?? null,
  stale: info.stale === true,
  version,
})

const fromUpdate = (update: PresenceUpdate): Presence => ({
  status: update.status,
  lastSeen: update.last_seen,
  message: update.custom_message ?? null,
  stale: false,
  version: update.version,
})
