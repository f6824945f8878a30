import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { createRedisHotStore } from '../../src/store/redis/redis-hot-store.ts'
import { hotStoreContract } from './hot-store.ts'
import { sharedStoreContract } from './shared-hot-store.ts'

const sources = { Redis: () => inject('redisUrl'), 'Redis Cluster': () => inject('redisClusterUrl').split(',') }

for (const [name, source] of Object.entries(sources)) {
  const start = async (prefix: string, clock: () => number, onGap?: (missed: number) => void) => {
    const store = createRedisHotStore({
      source: source(),
      prefix,
      clock,
      nodeLeaseMs: 6_000,
      timeoutMs: 5_000,
      breakerFailures: 1_000,
      breakerCooldownMs: 100,
      onError: () => {},
      ...(onGap && { onGap }),
    })
    await store.join()
    return store
  }

  hotStoreContract(name, async () => {
    let now = 1_800_000_000_000
    const store = await start(`test-${randomUUID()}`, () => now)
    return {
      store,
      advance: (ms) => {
        now += ms
      },
      close: () => store.close(),
    }
  })
  sharedStoreContract(name, source, start)
}
