import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis, startRedisCluster } from '../../test/support/redis.ts'
import { median } from '../statistics.ts'
import { readCpuMs } from '../processes/cpu.ts'
import { readRssKb } from '../processes/memory.ts'
import { type Process, startProcess } from '../processes/start-process.ts'
import type { Mechanism } from './mechanisms.ts'
import type { NewsPlan, ReceiverVerbs, WriterVerbs } from './verbs.ts'

/** One way to tell, with so many nodes that listen. */
export interface NewsCase {
  readonly redis: 'single' | 'cluster'
  readonly mechanism: Mechanism
  readonly nodes: number
  /** Share of the users that each node watches. */
  readonly watchedShare: number
}

/** What was measured of it. Of nodes, the median one. */
export interface NewsResult extends NewsCase {
  readonly changesPerSecond: number
  /** Redis, all servers together. */
  readonly redisUsPerChange: number
  /** Of one node, for each change that was made, whether it concerns the node or not. */
  readonly nodeUsPerChange: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Changes of watched users that reached a node, of those that were made. */
  readonly heardShare: number
  readonly gaps: number
  /** Until a node listens to everything. */
  readonly listenMs: number
  readonly nodeRssMb: number
  readonly redisRssMb: number
}

export interface NewsSize {
  readonly users: number
  readonly perSecond: number
  readonly forMs: number
  readonly warmUpMs: number
}

export const newsSize = (quick: boolean): NewsSize =>
  quick
    ? { users: 10_000, perSecond: 1_000, forMs: 1_000, warmUpMs: 500 }
    : { users: 100_000, perSecond: 2_000, forMs: 5_000, warmUpMs: 2_000 }

const MB_IN_KB = 1_024

/** Everything that is compared. */
export function newsCases(quick: boolean): NewsCase[] {
  const ways: readonly (readonly [mechanism: Mechanism, watchedShare: number])[] = [
    ['entry', 0.2],
    ['named', 0.2],
    ['hint', 0.2],
    ['hint', 1],
    ['woken', 0.2],
    ['blocking', 0.2],
    ['channels', 0.2],
  ]
  return (['single', 'cluster'] as const).flatMap((redis): NewsCase[] => [
    { redis, mechanism: 'none', nodes: 0, watchedShare: 0 },
    ...ways.flatMap(([mechanism, watchedShare]) =>
      (quick ? [1] : [1, 3, 8])
        // One command cannot wait for streams of several slots.
        .filter(() => !(redis === 'cluster' && mechanism === 'blocking'))
        .map((nodes) => ({ redis, mechanism, nodes, watchedShare })),
    ),
  ])
}

interface Servers {
  readonly urls: readonly string[]
  readonly pids: readonly number[]
  stop(): Promise<void>
}

async function startServers(kind: NewsCase['redis']): Promise<Servers> {
  if (kind === 'single') {
    const redis = await startRedis()
    return { urls: [redis.url], pids: [redis.pid], stop: redis.stop }
  }
  const cluster = await startRedisCluster()
  return { urls: cluster.url.split(','), pids: cluster.nodes.map(({ pid }) => pid), stop: cluster.stop }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

export async function measureNews(of: NewsCase, size: NewsSize): Promise<NewsResult> {
  const servers = await startServers(of.redis)
  const plan = { ...of, urls: servers.urls, users: size.users, watched: Math.round(size.users * of.watchedShare) }
  const writer = await startProcess<WriterVerbs>(new URL('./writer.ts', import.meta.url))
  const nodes: Process<ReceiverVerbs>[] = []
  try {
    for (let n = 0; n < of.nodes; n++) {
      nodes.push(await startProcess<ReceiverVerbs>(new URL('./receiver.ts', import.meta.url)))
    }
    return { ...of, ...(await measureWith(servers, writer, nodes, plan, size)) }
  } finally {
    await Promise.all([writer, ...nodes].map((process) => process.end()))
    await servers.stop()
  }
}

async function measureWith(
  { pids }: Servers,
  writer: Process<WriterVerbs>,
  nodes: readonly Process<ReceiverVerbs>[],
  plan: NewsPlan,
  { perSecond, forMs, warmUpMs, users }: NewsSize,
): Promise<Omit<NewsResult, keyof NewsCase>> {
  const redisCpu = (): number => sum(pids.map((pid) => readCpuMs(pid) ?? Number.NaN))
  const nodesCpu = (): Promise<number[]> => Promise.all(nodes.map((node) => node.cpuMs()))
  await writer.call('open', plan)
  const listenMs = await Promise.all(nodes.map((node) => node.call('open', plan)))
  await writer.call('make', perSecond, warmUpMs)
  await Promise.all(nodes.map((node) => node.call('reset')))
  const [redisBefore, nodesBefore, since] = [redisCpu(), await nodesCpu(), performance.now()]
  const made = await writer.call('make', perSecond, forMs)
  const lasted = performance.now() - since
  await sleep(200)
  const [redisMs, nodesMs] = [redisCpu() - redisBefore, await nodesCpu()]
  const heard = await Promise.all(nodes.map((node) => node.call('heard')))
  const memory = await Promise.all(nodes.map((node) => node.memory()))
  const middle = (values: readonly number[]): number => (values.length === 0 ? 0 : median(values))
  return {
    changesPerSecond: (made * 1_000) / lasted,
    redisUsPerChange: (redisMs * 1_000) / made,
    nodeUsPerChange: middle(nodesMs.map((ms, node) => ((ms - (nodesBefore[node] ?? 0)) * 1_000) / made)),
    p50Ms: middle(heard.map(({ p50Ms }) => p50Ms)),
    p99Ms: middle(heard.map(({ p99Ms }) => p99Ms)),
    heardShare: middle(heard.map(({ changes }) => (changes * users) / (made * plan.watched))),
    gaps: sum(heard.map(({ gaps }) => gaps)),
    listenMs: middle(listenMs),
    nodeRssMb: middle(memory.map(({ rssKb }) => rssKb / MB_IN_KB)),
    redisRssMb: sum(pids.map((pid) => readRssKb(pid) ?? Number.NaN)) / MB_IN_KB,
  }
}
