import { PresenceError } from '../domain/errors.ts'

/** How hard a backfill may work. */
export interface BackfillPace {
  /** Most users in one batch. */
  readonly batch: number
  /** How long it rests after each batch, in times of what the batch took: 1 leaves the database half of the time. */
  readonly pause: number
  /** Milliseconds that a replica may be behind before it waits. */
  readonly maxLagMs: number
}

/** What takes the steps. */
interface Steps<Totals> {
  next(limit: number): Promise<Totals>
  lagMs(): Promise<number>
}

export interface BackfillRun<Totals> {
  /** Hears what has been done so far. */
  readonly onProgress: (totals: Totals) => void
  /** Hears why nothing happens, once for each time. */
  readonly onWait: (why: string) => void
  /** Ends it after the batch that is under way. */
  readonly signal: AbortSignal
  /** Milliseconds; a later call gives a later one. */
  readonly clock: () => number
  readonly sleep: (ms: number) => Promise<void>
}

const SMALLEST = 10
/** What a batch begins with: it grows to what the database takes easily. */
const FIRST = 100
/** Milliseconds that a batch is meant to take, with room on both sides. */
const EASY_MS = 100
const HARD_MS = 500
/** Milliseconds until a batch that had to be given up is tried again: twice as long with each, up to the longest. */
const AGAIN_MS = 500
const AGAIN_AT_MOST_MS = 30_000
/** Batches given up one after the other, after about five minutes. */
const MOST_FAILURES = 15
const LOOK_AT_LAG_MS = 1_000

/**
 * Takes steps until the last one, out of the way of everybody else: short batches, smaller ones while they take long, rests between, longer
 * ones when it had to wait for locks, and none at all while a replica is behind.
 *
 * @returns what was done; not the last step when it was ended by its signal
 * @throws {PresenceError} STORE_UNAVAILABLE when nothing could be done for minutes; what is done is done
 */
export async function backfill<Totals extends { readonly isLast: boolean }>(
  steps: Steps<Totals>,
  { batch, pause, maxLagMs }: BackfillPace,
  run: BackfillRun<Totals>,
): Promise<Totals | null> {
  const { signal, clock, sleep } = run
  let size = Math.min(FIRST, batch)
  let failures = 0
  let totals: Totals | null = null
  while (!signal.aborted) {
    try {
      if (!(await caughtUp(steps, maxLagMs, run))) break
      const startedAt = clock()
      totals = await steps.next(size)
      failures = 0
      run.onProgress(totals)
      if (totals.isLast) break
      const tookMs = clock() - startedAt
      size = nextSize(size, tookMs, batch)
      await sleep(pause * tookMs)
    } catch (error) {
      failures += 1
      if (!(error instanceof PresenceError) || !error.retryable || failures === MOST_FAILURES) throw error
      if (failures === 1) run.onWait('The database is busy, or away: waiting.')
      size = smaller(size)
      await sleep(Math.min(AGAIN_AT_MOST_MS, AGAIN_MS * 2 ** (failures - 1)))
    }
  }
  return totals
}

const smaller = (size: number): number => Math.max(Math.min(SMALLEST, size), Math.floor(size / 2))

function nextSize(size: number, tookMs: number, batch: number): number {
  if (tookMs > HARD_MS) return smaller(size)
  return tookMs < EASY_MS ? Math.min(batch, size * 2) : size
}

/** @returns false when it was ended while it waited */
async function caughtUp<Totals>(steps: Steps<Totals>, maxLagMs: number, run: BackfillRun<Totals>): Promise<boolean> {
  for (let isFirst = true; (await steps.lagMs()) > maxLagMs; isFirst = false) {
    if (isFirst) run.onWait(`A replica is more than ${maxLagMs / 1_000} s behind: waiting for it.`)
    await run.sleep(LOOK_AT_LAG_MS)
    if (run.signal.aborted) return false
  }
  return true
}
