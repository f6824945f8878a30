import type { HeardUpdate } from './frames.ts'

/** What clients heard since the last `reset`. */
export interface Tally {
  readonly updates: number
  /** Of those, that somebody is gone. */
  readonly gone: number
  readonly frames: number
  readonly bytes: number
  /** Clients that were told to read anew: then the load generator was too slow, and the run means little. */
  readonly resyncs: number
  /** Connections that ended although nobody here wanted it. */
  readonly lost: number
  /** Milliseconds from a change to its arrival, on one machine's clock. Null when nothing arrived. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

const LONGEST_MS = 20_000

export function createTally() {
  const delays = new Uint32Array(LONGEST_MS + 1)
  let updates = 0
  let gone = 0
  let frames = 0
  let bytes = 0
  let resyncs = 0
  let lost = 0

  /** The delay that this share of the updates did not exceed. */
  function delayAt(share: number): number | null {
    let seen = 0
    for (let ms = 0; ms <= LONGEST_MS; ms++) {
      seen += delays[ms] ?? 0
      if (seen > 0 && seen >= share * updates) return ms
    }
    return null
  }

  return {
    frame(size: number): void {
      frames++
      bytes += size
    },
    heard(news: readonly HeardUpdate[], now: number): void {
      updates += news.length
      for (const { at, status } of news) {
        if (status === 'offline') gone++
        const delay = Math.min(LONGEST_MS, Math.max(0, now - at))
        delays[delay] = (delays[delay] ?? 0) + 1
      }
    },
    resync: () => void resyncs++,
    lost: () => void lost++,
    reset(): void {
      delays.fill(0)
      updates = gone = frames = bytes = resyncs = lost = 0
    },
    read: (): Tally => ({ updates, gone, frames, bytes, resyncs, lost, p50Ms: delayAt(0.5), p99Ms: delayAt(0.99) }),
  }
}

export type Tallying = ReturnType<typeof createTally>
