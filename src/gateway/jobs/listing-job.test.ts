import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ServiceDeps } from '../../service/deps.ts'
import { startListingJob } from './listing-job.ts'

const PART_MS = 100

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A directory of five parts, of which these find something. @returns when parts were begun, in milliseconds */
function compareFiveParts(findSomething: readonly number[]): number[] {
  const begun: number[] = []
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const durable = {
    async refreshListingAfter() {
      const part = begun.push(performance.now()) - 1
      await new Promise((resolve) => setTimeout(resolve, PART_MS))
      const changed = findSomething.includes(part) ? ['somebody'] : []
      return { last: part % 5 === 4 ? null : `${part}`, compared: 1_000, changed }
    },
    recountListing: async () => 0,
  }
  const hears = { tell: () => {}, relisted: () => {} }
  startListingJob({ durable, log, relistings: hears, purge: hears, shared: null } as unknown as ServiceDeps)
  return begun
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, n) => time - (times[n] ?? 0))

test('a comparison is spread evenly: no stretch of time in which it takes more than its share', async () => {
  const begun = compareFiveParts([])
  await vi.advanceTimersByTimeAsync(150_000)
  const inTurn = 20 * PART_MS
  expect(gaps(begun).slice(0, 6)).toEqual([inTurn, inTurn, inTurn, inTurn, 60_000 + PART_MS, inTurn])
})

test('what is not listed yet is made up for sooner', async () => {
  const begun = compareFiveParts([0, 1])
  await vi.advanceTimersByTimeAsync(80_000)
  expect(gaps(begun).slice(0, 4)).toEqual([2 * PART_MS, 2 * PART_MS, 20 * PART_MS, 20 * PART_MS])
})
