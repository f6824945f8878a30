import type { ProviderQuery, ProviderResult } from '../verbs.ts'
import { diffWindows, type WindowDiff } from './diff-windows.ts'
import { backoffMs, type Pace } from './pace.ts'
import { movesWithTime } from './search-key.ts'
import { type News, patchWindow, retractFromWindow, type Window } from './window.ts'

export interface LiveSearchParts {
  readonly query: ProviderQuery
  readonly pace: Pace
  find(query: ProviderQuery): Promise<ProviderResult>
  /** What can be answered while it cannot be computed (R50). */
  findLast(query: ProviderQuery): Promise<ProviderResult>
  /** Tells all who watch. */
  tell(seq: number, diff: WindowDiff): void
  /** The window holds others than before. */
  onWindow(before: readonly string[], after: readonly string[]): void
  onFailure(error: unknown): void
  /** It wants to be looked at by then, in milliseconds of the clock. */
  wake(at: number): void
  /** Milliseconds that never step back. */
  clock(): number
  /** Epoch milliseconds of the store's clock. */
  now(): number
}

/**
 * One watched search. Its window is a computed one, patched by what was heard since: cards show at once what became of people, and people
 * come, go and move when the search is computed anew, which is rarely enough that a list does not move under a finger.
 */
export interface LiveSearch {
  readonly query: ProviderQuery
  /** Null until it was computed once. */
  window(): Window | null
  /** What watchers have has this number. */
  seq(): number
  /** Takes news of somebody in the window, or of anybody while a computation is under way. */
  hear(news: News): void
  /** Asks for a computation. @param urgent sooner than the usual pace: something is taken back */
  mark(urgent?: boolean): void
  /** Asks for one at some moment of so many milliseconds. */
  markWithin(spreadMs: number): void
  isRunning(): boolean
  /** Computes it. @throws what the first computation fails of; later ones are tried again */
  run(): Promise<void>
  /** Tells what changed since the last time. */
  flush(): void
  /** When it wants to be flushed, and when to be computed: milliseconds of the clock. */
  flushAt(): number
  dueAt(): number
}

/** How many times the usual pace a retraction may ask for. */
const URGENCY = 4

export function createLiveSearch(parts: LiveSearchParts): LiveSearch {
  const { query, pace, clock } = parts
  let window: Window | null = null
  let told: Window | null = null
  let seq = 0
  let flushAt = Number.POSITIVE_INFINITY
  let dueAt = Number.POSITIVE_INFINITY
  let ranAt = Number.NEGATIVE_INFINITY
  let retryAt = Number.NEGATIVE_INFINITY
  let failures = 0
  /** What was heard while a computation is under way, which may have read what was before; null while none is. */
  let heard: Map<string, News> | null = null

  function replace(next: Window): void {
    const ids = (of: Window | null) => of?.providers.map(({ userId }) => userId) ?? []
    if (next.providers !== window?.providers) parts.onWindow(ids(window), ids(next))
    window = next
  }

  function flush(): void {
    flushAt = Number.POSITIVE_INFINITY
    if (window === told || window === null) return
    const diff = told && diffWindows(told, window)
    told = window
    if (!diff) return
    seq += 1
    parts.tell(seq, diff)
  }

  function hear(news: News): void {
    heard?.set(news.userId, news)
    if (window === null) return
    const patch = news.retracts ? retractFromWindow : patchWindow
    const patched = patch(window, news, query, parts.now())
    if (patched === window) return
    replace(patched)
    if (news.retracts || pace.gatherMs === 0) flush()
    else parts.wake((flushAt = Math.min(flushAt, clock() + pace.gatherMs)))
  }

  function mark(urgent = false, at = clock()): void {
    const soonest = ranAt + (urgent ? pace.everyMs / URGENCY : pace.everyMs)
    dueAt = Math.min(dueAt, Math.max(at, soonest, retryAt))
    parts.wake(dueAt)
  }

  function take(found: ProviderResult): void {
    const since = heard ?? new Map<string, News>()
    let next = found
    for (const news of since.values()) {
      next = patchWindow(next, news, query, parts.now())
      // Whether it was counted, nobody knows.
      if (news.retracts) mark(true)
    }
    replace(next)
    flush()
  }

  /** What watchers have stays; that nobody can vouch for it they are told once. */
  function fail(error: unknown): void {
    failures += 1
    if (failures === 1) parts.onFailure(error)
    retryAt = clock() + backoffMs(failures)
    dueAt = retryAt
    if (window === null || window.stale) return
    replace({ ...window, stale: true })
    flush()
  }

  async function run(): Promise<void> {
    heard = new Map()
    ranAt = clock()
    dueAt = Number.POSITIVE_INFINITY
    try {
      const found = await parts.find(query)
      take(found)
      failures = 0
      retryAt = Number.NEGATIVE_INFINITY
    } catch (error) {
      if (window === null) take(await parts.findLast(query))
      fail(error)
    } finally {
      heard = null
      const restMs = movesWithTime(query) ? Math.min(pace.timeMovesMs, pace.reconcileMs) : pace.reconcileMs
      // Not all at once, and none later than promised.
      dueAt = Math.min(dueAt, clock() + restMs * (0.7 + 0.3 * Math.random()))
      parts.wake(dueAt)
    }
  }

  return {
    query,
    hear,
    mark: (urgent) => mark(urgent),
    markWithin: (spreadMs) => mark(false, clock() + Math.random() * spreadMs),
    run,
    flush,
    window: () => window,
    seq: () => seq,
    isRunning: () => heard !== null,
    flushAt: () => flushAt,
    dueAt: () => dueAt,
  }
}
