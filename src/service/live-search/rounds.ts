import type { LiveSearch } from './live-search.ts'
import type { Unstored } from './unstored.ts'

export interface RoundsParts<Search extends LiveSearch> {
  readonly unstored: Unstored
  searches(): Iterable<Search>
  /** Whether nobody watches it any more. */
  isAbandoned(search: Search): boolean
  drop(search: Search): void
  /** Computes it; never throws. */
  run(search: Search): Promise<void>
  /** Milliseconds that never step back. */
  clock(): number
}

/** What watched searches do by themselves, in rounds that come when something is due. */
export interface Rounds {
  /** There is something to do by then, in milliseconds of the clock. */
  wake(at: number): void
  stop(): void
}

/** Searches computed side by side: so many keep PostgreSQL busy without keeping everybody else from it. */
const AT_ONCE = 4
/** Longest time without a look whether anybody watches still, in milliseconds. */
const ROUND_MS = 1_000

export function createRounds<Search extends LiveSearch>(parts: RoundsParts<Search>): Rounds {
  const { unstored, clock } = parts
  let timer: NodeJS.Timeout | undefined
  let wakesAt = Number.POSITIVE_INFINITY
  let running = 0
  let isStopped = false

  function wake(at: number): void {
    if (isStopped || at >= wakesAt) return
    wakesAt = at
    clearTimeout(timer)
    timer = setTimeout(round, Math.max(0, at - clock())).unref()
  }

  function round(): void {
    wakesAt = Number.POSITIVE_INFINITY
    const now = clock()
    for (const search of parts.searches()) {
      if (parts.isAbandoned(search)) parts.drop(search)
      else if (search.flushAt() <= now) search.flush()
    }
    if (unstored.lookAt() <= now) void unstored.look().then(() => wake(unstored.lookAt()))
    runDue(now)
    wake(nextAt(now))
  }

  function nextAt(now: number): number {
    let next = unstored.lookAt()
    for (const search of parts.searches()) {
      next = Math.min(next, now + ROUND_MS, search.flushAt())
      // Who waits for a free place is called when there is one.
      if (search.dueAt() > now) next = Math.min(next, search.dueAt())
    }
    return next
  }

  /** Those that wait longest first. */
  function runDue(now: number): void {
    const due = [...parts.searches()].filter((search) => !search.isRunning() && search.dueAt() <= now)
    due.sort((a, b) => a.dueAt() - b.dueAt())
    for (const search of due.slice(0, AT_ONCE - running)) {
      running += 1
      void parts.run(search).finally(() => {
        running -= 1
        wake(clock())
      })
    }
  }

  return {
    wake,
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
