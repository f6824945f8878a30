import { PresenceError } from '../domain/errors.ts'

/** Says whether one more call of this key is within its limit (R53). Synchronous, because every event passes here. */
export interface RateLimiter {
  take(key: string): boolean
}

/** Lets everything through, for load tests. */
export const noLimit: RateLimiter = { take: () => true }

/** The refusal of a call above the limit (R53). */
export const tooMuch = (): PresenceError =>
  new PresenceError('RATE_LIMITED', 'That was too much at once: wait a second.', { retryable: true })

export interface RateLimitOptions {
  /** Calls per second that one key may make on average. */
  readonly eventsPerSecond: number
  /** Calls that one key may make at once. */
  readonly eventsBurst: number
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
  const { eventsPerSecond, eventsBurst } = options
  const buckets = new Map<string, Bucket>()
  let clearAt = FIRST_CLEARING

  const tokensAt = (bucket: Bucket, now: number): number =>
    Math.min(eventsBurst, bucket.tokens + ((now - bucket.at) * eventsPerSecond) / 1_000)

  function clear(now: number): void {
    for (const [key, bucket] of buckets) if (tokensAt(bucket, now) >= eventsBurst) buckets.delete(key)
    clearAt = Math.max(FIRST_CLEARING, buckets.size * 2)
  }

  function open(key: string, now: number): Bucket {
    if (buckets.size >= clearAt) clear(now)
    const bucket = { tokens: eventsBurst, at: now }
    buckets.set(key, bucket)
    return bucket
  }

  return {
    take(key) {
      const now = clock()
      const bucket = buckets.get(key) ?? open(key, now)
      bucket.tokens = tokensAt(bucket, now)
      bucket.at = now
      if (bucket.tokens < 1) return false
      bucket.tokens -= 1
      return true
    },
  }
}
