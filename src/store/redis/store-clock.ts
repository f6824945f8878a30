/** The clock of Redis, as this node reads it (R7). */
export interface StoreClock {
  /** Epoch milliseconds, in whole ones. */
  now(): number
  /**
   * Learns what Redis said between two moments of this node.
   *
   * @param sentAt, receivedAt as `monotonic` told them
   */
  learn(storeMs: number, sentAt: number, receivedAt: number): void
  /** Milliseconds since some moment; never steps back, unless a test does it. */
  monotonic(): number
}

/**
 * Keeps how far the clock of Redis is from a clock of this process that nobody can set. What Redis says is taken as of the middle of the
 * round trip, so it is off by half of that at most; a slow answer that agrees within its own doubt changes nothing
 * (as in NTP, RFC 5905 section 8).
 *
 * @param override the clock itself, for tests that move it
 */
export function createStoreClock(override?: () => number): StoreClock {
  const monotonic = override ?? (() => performance.now())
  let offset = performance.timeOrigin
  return {
    monotonic,
    now: override ?? (() => Math.floor(offset + monotonic())),
    learn(storeMs, sentAt, receivedAt) {
      const doubt = (receivedAt - sentAt) / 2
      // Redis tells whole milliseconds, on average half a one ago.
      const measured = storeMs + 0.5 - (sentAt + doubt)
      if (Math.abs(measured - offset) > doubt) offset = measured
    },
  }
}
