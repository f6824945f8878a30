import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import type { Counters } from '../../src/domain/quota.ts'
import { createMemoryCounters } from '../../src/store/memory/memory-counters.ts'
import { createKeys } from '../../src/store/redis/keys.ts'
import { createLink, type Link } from '../../src/store/redis/link.ts'
import { createRedisCounters } from '../../src/store/redis/redis-counters.ts'
import { startRedis } from '../support/redis.ts'

const TEN_A_MINUTE = { name: 'things', points: 10, windowMs: 60_000 }

const openLink = async (source: string | string[]): Promise<Link> => {
  const link = createLink({ source, timeoutMs: 2_000, breakerFailures: 3, breakerCooldownMs: 50, onError: () => {} })
  await link.connect()
  return link
}

/** Two that count together: of one process, or of two nodes. */
const KINDS: Record<string, () => Promise<{ counters: [Counters, Counters]; close: () => Promise<void> }>> = {
  memory: async () => {
    const counters = createMemoryCounters()
    return { counters: [counters, counters], close: async () => {} }
  },
  Redis: () => twoNodes(inject('redisUrl')),
  'Redis Cluster': () => twoNodes(inject('redisClusterUrl').split(',')),
}

async function twoNodes(source: string | string[]) {
  const links = [await openLink(source), await openLink(source)] as const
  const keys = createKeys(`test-${randomUUID()}`)
  const counters: [Counters, Counters] = [createRedisCounters(links[0], keys), createRedisCounters(links[1], keys)]
  return { counters, close: async () => void (await Promise.all(links.map((link) => link.close()))) }
}

for (const [name, start] of Object.entries(KINDS)) {
  test(`R53 ${name}: a quota is for all nodes together, and each key has its own`, async () => {
    const { counters, close } = await start()
    const [one, other] = counters
    const waits: number[] = []
    for (let n = 0; n < 7; n += 1) waits.push(await one.spend(TEN_A_MINUTE, 'ada'))
    for (let n = 0; n < 3; n += 1) waits.push(await other.spend(TEN_A_MINUTE, 'ada'))
    expect(waits.every((wait) => wait === 0)).toBe(true)
    for (const counter of counters) {
      const wait = await counter.spend(TEN_A_MINUTE, 'ada')
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(60_000)
    }
    expect(await other.spend(TEN_A_MINUTE, 'ben')).toBe(0)
    expect(await other.spend({ ...TEN_A_MINUTE, name: 'other things' }, 'ada')).toBe(0)
    await close()
  })

  test(`R53 ${name}: what is closed is closed on every node, whatever was left`, async () => {
    const { counters, close } = await start()
    const [one, other] = counters
    expect(await other.spend(TEN_A_MINUTE, 'eve')).toBe(0)
    await one.close(TEN_A_MINUTE, 'eve', 30_000)
    for (const counter of counters) {
      const wait = await counter.spend(TEN_A_MINUTE, 'eve')
      expect(wait).toBeGreaterThan(25_000)
      expect(wait).toBeLessThanOrEqual(30_000)
    }
    await close()
  })
}

test('R53 while Redis is away each node counts alone: a limit holds all the same, and nobody is shut out', async () => {
  const redis = await startRedis()
  const link = await openLink(redis.url)
  const counters = createRedisCounters(link, createKeys('insured'))
  const quota = { ...TEN_A_MINUTE, points: 2 }
  expect(await counters.spend(quota, 'ada')).toBe(0)
  await redis.kill('SIGKILL')
  const waits: number[] = []
  for (let n = 0; n < 4; n += 1) waits.push(await counters.spend(quota, 'ada'))
  expect(waits.map((wait) => wait > 0)).toEqual([false, false, true, true])
  await link.close()
  await redis.stop()
})

test('R35 what is counted under tells nobody whose it is, and is gone with its window', async () => {
  const redis = await startRedis()
  const link = await openLink(redis.url)
  const counters = createRedisCounters(link, createKeys('private'))
  await counters.spend(TEN_A_MINUTE, '203.0.113.9')
  const names = (await link.send('', 'KEYS', '*')) as string[]
  expect(names).toEqual([expect.stringMatching(/^private:\{b\d+\}:q:things:[\w-]{22}$/)])
  expect(await link.send(names[0] ?? '', 'PTTL', names[0] ?? '')).toBeGreaterThan(0)
  await link.close()
  await redis.stop()
})
