import { createHash } from 'node:crypto'
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import type { Counters, Quota } from '../domain/quota.ts'

/** What a limiter of rate-limiter-flexible is made with. */
export const limitsOf = ({ points, windowMs }: Quota) => ({
  points,
  duration: Math.ceil(windowMs / 1_000),
  keyPrefix: '',
})

/**
 * Counters made of one limiter for each quota.
 *
 * @param keyOf the name under which the limiter counts
 */
export function countersOf(
  make: (quota: Quota) => RateLimiterAbstract,
  keyOf: (name: string, digest: string) => string = (_name, digest) => digest,
): Counters {
  const made = new Map<string, RateLimiterAbstract>()
  const limiterOf = (quota: Quota): RateLimiterAbstract => {
    const limiter = made.get(quota.name) ?? make(quota)
    made.set(quota.name, limiter)
    return limiter
  }
  const nameOf = (quota: Quota, key: string): string => keyOf(quota.name, digest(`${quota.name} ${key}`))
  return {
    async spend(quota, key) {
      try {
        await limiterOf(quota).consume(nameOf(quota, key))
        return 0
      } catch (refusal) {
        // What went wrong is an Error, and is thrown on; what is spent is a result.
        if (refusal instanceof Error) throw refusal
        return Math.max(1, (refusal as RateLimiterRes).msBeforeNext)
      }
    },
    close: async (quota, key, ms) => void (await limiterOf(quota).block(nameOf(quota, key), Math.ceil(ms / 1_000))),
  }
}

// Addresses and ids are not written into a store for the sake of counting (R35).
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)
