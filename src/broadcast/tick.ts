import { performance } from 'node:perf_hooks'

/** Milliseconds between two looks at how busy the process is. */
const LOOK_EVERY_MS = 100
/** From this share of time on, an event loop is busy. */
const BUSY = 0.5
/** How much longer a tick is while the event loop has no time left at all. */
const LONGEST = 5

/**
 * How long updates for one connection are gathered: `mergeMs`, and up to five times as long the busier the event loop is. What is
 * saved is saved where time is short, and nobody waits for it where there is plenty.
 *
 * @returns milliseconds
 */
export function createTick(mergeMs: number): () => number {
  let looked = performance.eventLoopUtilization()
  let lookedAt = performance.now()
  let tickMs = mergeMs

  return () => {
    const now = performance.now()
    if (now - lookedAt < LOOK_EVERY_MS) return tickMs
    const current = performance.eventLoopUtilization()
    tickMs = mergeMs * stretch(performance.eventLoopUtilization(current, looked).utilization)
    looked = current
    lookedAt = now
    return tickMs
  }
}

/** One up to `BUSY`, then evenly up to `LONGEST` at a utilization of 1. */
export const stretch = (utilization: number): number =>
  1 + ((LONGEST - 1) * Math.max(0, utilization - BUSY)) / (1 - BUSY)
