import { randomUUID } from 'node:crypto'
import { createClient, createCluster } from 'redis'
import { expect, inject, test } from 'vitest'
import { newRecord } from '../../src/domain/user-record.ts'
import type { RedisSource } from '../../src/store/redis/link.ts'
import { createRedisHotStore, type RedisHotStoreOptions } from '../../src/store/redis/redis-hot-store.ts'
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

test.each<[name: string, source: () => RedisSource]>([
  ['client', () => createClient({ url: inject('redisUrl') })],
  [
    'cluster client',
    () =>
      createCluster({
        rootNodes: inject('redisClusterUrl')
          .split(',')
          .map((url) => ({ url })),
      }),
  ],
])('a host’s own %s is copied, and left alone', async (_, source) => {
  const host = source()
  const limits = { timeoutMs: 5_000, breakerFailures: 1_000, breakerCooldownMs: 100 }
  const options: RedisHotStoreOptions = {
    source: host,
    prefix: `test-${randomUUID()}`,
    nodeLeaseMs: 6_000,
    ...limits,
    onError: () => {},
  }
  const [one, other] = [createRedisHotStore(options), createRedisHotStore(options)]
  for (const store of [one, other]) await store.join()
  const heard = new Promise<string>((resolve) => other.onRemoteChange(({ userId }) => resolve(userId)))
  await one.change(
    'ada',
    (record, now) => ({
      record: { ...record, version: now * 1_000, own: { ...record.own, status: 'online', version: now * 1_000 } },
      ended: [],
    }),
    newRecord('ada'),
  )
  expect(await heard).toBe('ada')
  expect((await other.read(['ada'])).get('ada')?.own.status).toBe('online')
  expect(host).toMatchObject({ isOpen: false })
  await Promise.all([one, other].map((store) => store.close()))
})
