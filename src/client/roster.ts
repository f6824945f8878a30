import type { PresenceInfo } from '../domain/info.ts'
import type { Presence, PresenceChange } from './contract.ts'
import { createFreshness } from './freshness.ts'
import type { Timers } from './surroundings.ts'
import { fromInfo, isNewer, type View } from './view.ts'

/** The views this page holds, one for each user, and how far each can be trusted. Never goes back to an older one (R7). */
export interface Roster {
  get(userId: string): Presence
  subscribe(userId: string, listener: () => void): () => void
  onChange(listener: (change: PresenceChange) => void): () => void
  seed(presences: readonly PresenceInfo[]): void
  /** Names everybody whose news is asked for. Of all others the last view stays, without its version: nobody tells of them. */
  expect(userIds: ReadonlySet<string>): void
  /**
   * Takes news of those who are expected; of others it may be late.
   *
   * @param vouched of whom the server said that they are as told, now or before
   */
  adopt(views: readonly View[], vouched: Iterable<string>): void
  /** The server itself cannot vouch for anybody (R45): all are stale at once, unknown when it lasts. */
  doubt(): void
  /** There is a server again. Marks stay until it vouched. */
  accepted(): void
  /** Contact was lost at this moment (epoch milliseconds): everything turns stale, then unknown, unless it is vouched for. */
  lost(since: number): void
  /** As `lost`, for good: plain reads count again. */
  closed(): void
  /** The versioned views of those who are expected. */
  held(): View[]
}

/** Presences kept of users whom nothing on the page asks for. */
const MOST_REMEMBERED = 1_000

interface Entry {
  view: View | null
  shown: Presence
}

export function createRoster(timers: Timers, limits: { overdueAfterMs: number; staleAfterMs: number }): Roster {
  const entries = new Map<string, Entry>()
  const listeners = new Map<string, Set<() => void>>()
  const changeListeners = new Set<(change: PresenceChange) => void>()
  let expected: ReadonlySet<string> = new Set()
  const freshness = createFreshness(timers, limits, (userIds) => refresh(userIds))

  const entryOf = (userId: string): Entry => {
    const known = entries.get(userId)
    if (known) return known
    const made: Entry = { view: null, shown: present(userId, null, 'fresh') }
    entries.set(userId, made)
    return made
  }

  /** Everything is in place before anybody is told, so that whoever listens reads one moment. */
  function refresh(userIds: Iterable<string>): void {
    const changes: PresenceChange[] = []
    for (const userId of userIds) {
      const entry = entries.get(userId)
      if (!entry) continue
      const before = entry.shown
      const after = present(userId, entry.view, freshness.of(userId))
      if (isSame(before, after)) continue
      entry.shown = after
      changes.push({ userId, before, after })
    }
    for (const { userId } of changes) for (const listener of Array.from(listeners.get(userId) ?? [])) listener()
    for (const change of changes) {
      if (!isFirstSight(change)) for (const listener of Array.from(changeListeners)) listener(change)
    }
  }

  /** @returns whether it was taken */
  const put = (view: View): boolean => {
    const entry = entryOf(view.userId)
    if (!isNewer(view, entry.view ?? undefined)) return false
    entry.view = view
    return true
  }

  const forgetVersion = (userId: string): void => {
    const entry = entries.get(userId)
    if (entry?.view) entry.view = { ...entry.view, version: null }
  }

  const prune = (): void => {
    let surplus = entries.size - expected.size - MOST_REMEMBERED
    for (const userId of entries.keys()) {
      if (surplus <= 0) return
      if (expected.has(userId) || listeners.has(userId)) continue
      entries.delete(userId)
      freshness.forget(userId)
      surplus -= 1
    }
  }

  return {
    get: (userId) => entryOf(userId).shown,
    subscribe(userId, listener) {
      const entry = (): void => listener()
      const told = listeners.get(userId) ?? new Set()
      listeners.set(userId, told.add(entry))
      return () => {
        told.delete(entry)
        if (told.size === 0 && listeners.get(userId) === told) listeners.delete(userId)
      }
    },
    onChange(listener) {
      const entry = (change: PresenceChange): void => listener(change)
      changeListeners.add(entry)
      return () => void changeListeners.delete(entry)
    },
    seed(presences) {
      for (const info of presences) {
        if (!put(fromInfo(info, null))) continue
        if (info.stale) freshness.doubt([info.userId])
        else freshness.touch(info.userId)
      }
      refresh(presences.map(({ userId }) => userId))
    },
    expect(userIds) {
      const left = Array.from(expected).filter((userId) => !userIds.has(userId))
      const came = Array.from(userIds).filter((userId) => !expected.has(userId))
      for (const userId of left) forgetVersion(userId)
      for (const userId of came) entryOf(userId)
      expected = userIds
      freshness.await(came)
      prune()
    },
    adopt(views, vouched) {
      for (const view of views) if (expected.has(view.userId)) put(view)
      // What has no version was never told by the live server, so it cannot be meant.
      const sure = Array.from(vouched).filter((userId) => expected.has(userId) && entries.get(userId)?.view?.version)
      freshness.vouch(sure)
      refresh(new Set([...views.map(({ userId }) => userId), ...sure]))
    },
    doubt() {
      freshness.doubt(Array.from(expected))
      refresh(expected)
    },
    accepted: () => refresh(freshness.accepted(expected)),
    lost(since) {
      freshness.lost(entries.keys(), since)
      refresh(entries.keys())
    },
    closed() {
      freshness.closed(entries.keys())
      for (const userId of expected) forgetVersion(userId)
    },
    held: () => Array.from(expected, (userId) => entries.get(userId)?.view ?? null).filter(hasVersion),
  }
}

const hasVersion = (view: View | null): view is View => view !== null && view.version !== null

const isFirstSight = ({ before }: PresenceChange): boolean => before.status === 'unknown' && !before.stale

const isSame = (a: Presence, b: Presence): boolean =>
  a.status === b.status && a.stale === b.stale && a.lastSeen === b.lastSeen && a.message === b.message

function present(userId: string, view: View | null, trust: 'fresh' | 'stale' | 'unknown'): Presence {
  if (view === null) return Object.freeze({ userId, status: 'unknown', lastSeen: null, message: null, stale: false })
  if (trust === 'unknown') {
    return Object.freeze({ userId, status: 'unknown', lastSeen: view.lastSeen, message: null, stale: true })
  }
  const { status, lastSeen, message } = view
  return Object.freeze({ userId, status, lastSeen, message, stale: trust === 'stale' })
}
