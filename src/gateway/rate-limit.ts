import { PresenceError } from '../domain/errors.ts'

/** Says whether one more call of this key is within its limit (R53). Synchronous, because every event passes here (ADR 0009). */
export interface RateLimiter {
  /** @param cost of how many calls it counts as one. @default 1 */
  take(key: string, cost?: number): boolean
}

/** Lets everything through, for load tests. */
export const noLimit: RateLimiter = { take: () => true }

/** The refusal of a call above the limit (R53). @param waitMs until there is room again */
export const tooMuch = (waitMs = 1_000): PresenceError => {
  const seconds = Math.ceil(waitMs / 1_000)
  const sentence = `That was too much at once: wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`
  return new PresenceError('RATE_LIMITED', sentence, { retryable: true, retryAfterMs: waitMs })
}

export interface RateLimitOptions {
  /** Calls per second that one key may make on average. */
  readonly perSecond: number
  /** Calls that one key may make at once. A single one that costs more waits for all of them. */
  readonly burst: number
}

interface Bucket {
  tokens: number
  /** Milliseconds of the clock when the tokens were counted. */
  at: number
}

/** Buckets held before the first clearing of those that are full again. */
const FIRST_CLEARING = 1_024

/**
 * A token bucket for each key, in memory. A key that was quiet long enough has a full bucket, which is the same as none:
 * such buckets are dropped whenever the number held has doubled, so memory follows who is sending, without a timer.
 *
 * @param clock milliseconds that never step back
 */
export function createRateLimiter(
  options: RateLimitOptions,
  clock: () => number = () => performance.now(),
): RateLimiter {
  const { perSecond, burst } = options
  const buckets = new Map<string, Bucket>()
  let clearAt = FIRST_CLEARING

  const tokensAt = (bucket: Bucket, now: number): number =>
    Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1_000)

  function clear(now: number): void {
    for (const [key, bucket] of buckets) if (tokensAt(bucket, now) >= burst) buckets.delete(key)
    clearAt = Math.max(FIRST_CLEARING, buckets.size * 2)
  }

  function open(key: string, now: number): Bucket {
    if (buckets.size >= clearAt) clear(now)
    const bucket = { tokens: burst, at: now }
    buckets.set(key, bucket)
    return bucket
  }

  return {
    take(key, cost = 1) {
      const now = clock()
      const bucket = buckets.get(key) ?? open(key, now)
      bucket.tokens = tokensAt(bucket, now)
      bucket.at = now
      const due = Math.min(cost, burst)
      if (bucket.tokens < due) return false
      bucket.tokens -= due
      return true
    },
  }
}
