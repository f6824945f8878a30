import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { Counters, Quota } from '../../domain/quota.ts'
import { countersOf, limitsOf } from '../flexible-counters.ts'
import { bucketOf, type Keys } from './keys.ts'
import type { Link } from './link.ts'

/**
 * Counts for all nodes together. While Redis does not answer each node counts alone, so that limits hold at a multiple of what they are
 * instead of not at all, or of letting nobody in. Who is above a quota is remembered here, and costs Redis nothing more.
 */
export const createRedisCounters = (link: Link, keys: Keys): Counters =>
  countersOf(
    (quota: Quota) =>
      new RateLimiterRedis({
        ...limitsOf(quota),
        storeClient: clientOf(link),
        useRedisPackage: true,
        inMemoryBlockOnConsumed: quota.points + 1,
        insuranceLimiter: new RateLimiterMemory(limitsOf(quota)),
      }),
    (name, digest) => keys.quota(bucketOf(digest), name, digest),
  )

/** What the limiter needs of a node-redis client, over the link: with its time-outs and its breaker, in a cluster as well. */
function clientOf(link: Link) {
  return {
    eval: (script: string, { keys, arguments: args }: { keys: string[]; arguments: string[] }) =>
      link.send(keys[0] ?? '', 'EVAL', script, String(keys.length), ...keys, ...args),
    multi() {
      const commands: string[][] = []
      const chain = {
        pTTL: (key: string) => push('PTTL', key),
        set: (key: string, value: number, { EX }: { EX: number }) => push('SET', key, String(value), 'EX', String(EX)),
        // Sent one after the other over one connection: nothing here depends on there being nobody between.
        exec: () => Promise.all(commands.map((command) => link.send(command[1] ?? '', ...command))),
      }
      const push = (...command: string[]): typeof chain => {
        commands.push(command)
        return chain
      }
      return chain
    },
  }
}
