import { describe, expect, test } from 'vitest'
import { PresenceError } from '../domain/errors.ts'
import { backfill } from './backfill.ts'

const BUSY = new PresenceError('STORE_UNAVAILABLE', 'The database does not answer.', { retryable: true })
const PACE = { batch: 1_000, pause: 1, maxLagMs: 10_000 }

/** Steps that take as long as `tookMs` says of their number, and all that was asked and waited for. */
function stage(steps: number, tookMs: (step: number) => number, lags: number[] = []) {
  const sizes: number[] = []
  const rests: number[] = []
  const waits: string[] = []
  const ending = new AbortController()
  let now = 0
  let taken = 0
  const run = {
    onProgress: () => {},
    onWait: (why: string) => waits.push(why),
    signal: ending.signal,
    clock: () => now,
    sleep: async (ms: number) => {
      rests.push(ms)
      now += ms
    },
  }
  const source = {
    lagMs: async () => lags.shift() ?? 0,
    next: async (limit: number) => {
      sizes.push(limit)
      const took = tookMs(sizes.length)
      if (took < 0) throw BUSY
      now += took
      taken += 1
      return { taken, isLast: taken === steps }
    },
  }
  return { source, run, sizes, rests, waits, ending }
}

describe('the pace of a backfill', () => {
  test('grows to what the database takes easily, and rests as long as it worked', async () => {
    const { source, run, sizes, rests } = stage(6, () => 40)
    expect(await backfill(source, PACE, run)).toEqual({ taken: 6, isLast: true })
    expect(sizes).toEqual([100, 200, 400, 800, 1_000, 1_000])
    expect(rests).toEqual([40, 40, 40, 40, 40])
  })

  test('takes smaller batches and longer rests from a database that takes its time', async () => {
    const { source, run, sizes, rests } = stage(6, (step) => (step < 3 ? 800 : 300))
    await backfill(source, { ...PACE, pause: 2 }, run)
    expect(sizes).toEqual([100, 50, 25, 25, 25, 25])
    expect(rests).toEqual([1_600, 1_600, 600, 600, 600])
  })

  test('waits twice as long each time it had to give a batch up, and says so once', async () => {
    const { source, run, sizes, rests, waits } = stage(2, (step) => (step < 4 ? -1 : 200))
    await backfill(source, PACE, run)
    expect(sizes).toEqual([100, 50, 25, 12, 12])
    expect(rests).toEqual([500, 1_000, 2_000, 200])
    expect(waits).toEqual(['The database is busy, or away: waiting.'])
  })

  test('gives up when nothing could be done for minutes', async () => {
    const { source, run, sizes, rests } = stage(1, () => -1)
    await expect(backfill(source, PACE, run)).rejects.toBe(BUSY)
    expect(sizes).toHaveLength(15)
    expect(rests.reduce((sum, ms) => sum + ms) / 60_000).toBeCloseTo(4.5, 0)
  })

  test('does nothing while a replica is behind', async () => {
    const { source, run, sizes, rests, waits } = stage(2, () => 0, [20_000, 11_000, 9_000])
    await backfill(source, PACE, run)
    expect(rests).toEqual([1_000, 1_000, 0])
    expect(waits).toEqual(['A replica is more than 10 s behind: waiting for it.'])
    expect(sizes).toHaveLength(2)
  })

  test('ends after the batch that is under way', async () => {
    const { source, run, ending, sizes } = stage(5, () => 1)
    const ended = backfill(source, PACE, { ...run, onProgress: ({ taken }) => taken === 2 && ending.abort() })
    expect(await ended).toEqual({ taken: 2, isLast: false })
    expect(sizes).toHaveLength(2)
  })
})
