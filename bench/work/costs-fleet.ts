import { setTimeout as sleep } from 'node:timers/promises'
import type { CostName } from '../../src/capacity/unit-costs.ts'
import { forgetPresence, personIds } from '../people.ts'
import type { BenchServer, World } from '../world.ts'
import type { BenchRedis } from '../processes/redis.ts'
import { startNode } from './costs-servers.ts'

type FleetCost = Extract<
  CostName,
  'newsUs' | 'redisNewsUs' | 'redisNewsBytes' | 'redisPresentBytes' | 'redisRestingBytes' | 'redisFixedMb'
>

export interface MeasuredFleet {
  readonly costs: Readonly<Record<FleetCost, number>>
  readonly nodes: number
  readonly redisUsers: number
  /** As many as the one node made: most of a large system's are made elsewhere, and hearing many together costs less of each. */
  readonly changesPerSecond: number
}

/** Nodes that only listen. */
const FURTHER = 4
const CHANGING = 1_000
const WRITTEN_AFTER_MS = 1_500
const MB = 1_048_576

const size = (quick: boolean) =>
  quick
    ? { users: 2_000, idleMs: 2_000, changes: 500, changesMs: 2_000 }
    : { users: 20_000, idleMs: 4_000, changes: 1_500, changesMs: 5_000 }

interface Fleet {
  readonly world: World
  readonly redis: BenchRedis
  readonly first: BenchServer
}

/** Measures what users take in Redis, and what nodes cost that only hear of the changes of another. */
export async function measureFleet(world: World, redis: BenchRedis): Promise<MeasuredFleet> {
  await forgetPresence(world.databaseUrl)
  const first = await startNode(world, { REDIS_URL: redis.url })
  const further: BenchServer[] = []
  try {
    const { users } = size(world.quick)
    const memory = await measureMemory({ world, redis, first }, users)
    world.say('one node makes changes, nobody else listens')
    const alone = await makeChanges({ world, redis, first })
    world.say(`${FURTHER} more listen`)
    const starting = Array.from({ length: FURTHER }, () => startNode(world, { REDIS_URL: redis.url }))
    further.push(...(await Promise.all(starting)))
    const heard = await makeChanges({ world, redis, first }, further)
    const costs = {
      ...memory,
      newsUs: heard.newsUs,
      redisNewsUs: (heard.redisUs - alone.redisUs) / FURTHER,
      redisNewsBytes: (heard.bytesOut - alone.bytesOut) / FURTHER,
    }
    return { costs, nodes: 1 + FURTHER, redisUsers: users, changesPerSecond: heard.perSecond }
  } finally {
    await Promise.all([...further, first].map((node) => node.end()))
  }
}

/** Users come, and leave again; what Redis needs for the logs of its buckets is no matter of users. */
async function measureMemory({ world, redis, first }: Fleet, count: number) {
  const users = [...personIds('provider', Math.min(count, 10_000)), ...personIds('client', Math.max(0, count - 10_000))]
  const look = async (): Promise<number> => {
    await sleep(2 * WRITTEN_AFTER_MS)
    return (await redis.info('memory', 'used_memory')) - (await redis.bytesOf(':log'))
  }
  world.say('users come home')
  const empty = await look()
  await first.call('setAll', users, true)
  const full = await look()
  world.say('users leave')
  await first.call('setAll', users, false)
  const left = await look()
  return {
    redisPresentBytes: (full - empty) / count,
    redisRestingBytes: (left - empty) / count,
    redisFixedMb: (empty + (await redis.bytesOf(':log'))) / MB,
  }
}

/** @returns what each change cost Redis, and each of the nodes that only listen */
async function makeChanges({ world, redis, first }: Fleet, listening: readonly BenchServer[] = []) {
  const { changes, changesMs, idleMs } = size(world.quick)
  const users = personIds('provider', CHANGING)
  const plan = { users, sequence: users.map((_, position) => position), perSecond: changes, burst: 20 }
  const now = async () => ({
    redisMs: redis.cpuMs(),
    bytes: await redis.info('stats', 'total_net_output_bytes'),
    listenMs: (await Promise.all(listening.map((node) => node.cpuMs()))).reduce((sum, ms) => sum + ms, 0),
    at: performance.now(),
  })
  const since = async (before: Awaited<ReturnType<typeof now>>) => {
    const after = await now()
    return {
      ms: after.at - before.at,
      redisMs: after.redisMs - before.redisMs,
      bytes: after.bytes - before.bytes,
      listenMs: after.listenMs - before.listenMs,
    }
  }
  await first.call('startChanges', plan)
  await sleep(changesMs / 2)
  await first.call('stopChanges')
  await sleep(WRITTEN_AFTER_MS)
  const quietFrom = await now()
  await sleep(idleMs)
  const quiet = await since(quietFrom)
  const busyFrom = await now()
  await first.call('startChanges', plan)
  await sleep(changesMs)
  const { made } = await first.call('stopChanges')
  await sleep(WRITTEN_AFTER_MS)
  const busy = await since(busyFrom)
  const perChange = (read: (used: typeof busy) => number): number =>
    (read(busy) - (read(quiet) / quiet.ms) * busy.ms) / made
  return {
    perSecond: (1_000 * made) / changesMs,
    redisUs: 1_000 * perChange(({ redisMs }) => redisMs),
    bytesOut: perChange(({ bytes }) => bytes),
    newsUs: listening.length === 0 ? 0 : (1_000 * perChange(({ listenMs }) => listenMs)) / listening.length,
  }
}
