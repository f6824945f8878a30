import { setTimeout as sleep } from 'node:timers/promises'
import type { Checked, CostName } from '../../src/capacity/unit-costs.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { personIds } from '../people.ts'
import type { BenchRedis } from '../processes/redis.ts'
import type { Process } from '../processes/start-process.ts'
import type { BenchServer, World } from '../world.ts'
import { pages } from './arrive.ts'
import { awaitQuiet } from './measure-changes.ts'

/** Users who did nothing else before. */
const VISITORS_FROM = 28_000

export interface Mixture {
  readonly world: World
  readonly server: BenchServer
  /** Holds the connections that stay. */
  readonly load: Process<LoadVerbs>
  readonly redis: BenchRedis
  readonly providers: readonly string[]
  readonly connections: number
  /** Milliseconds between two heartbeats. */
  readonly pingMs: number
  readonly forMs: number
  readonly changesPerSecond: number
  readonly activitiesPerSecond: number
  readonly arrivals: number
}

type Known = Readonly<
  Record<
    Extract<
      CostName,
      | 'nodeIdleMs'
      | 'idleUs'
      | 'transitionUs'
      | 'deliveryUs'
      | 'activityUs'
      | 'connectUs'
      | 'redisNodeMs'
      | 'redisIdleUs'
      | 'redisTransitionUs'
      | 'redisConnectUs'
    >,
    number
  >
>

/** Does all kinds of work at once, at other paces than each was measured at, and compares it with what the costs add up to. */
export async function checkTogether(mixture: Mixture, costs: Known): Promise<Checked> {
  const { world, server, load, redis, connections, pingMs, forMs } = mixture
  const visitors = await world.startLoad()
  await load.call('reset')
  const [node, inRedis, since] = [await server.cpuMs(), redis.cpuMs(), performance.now()]
  const [made, sent] = await Promise.all([
    change(mixture),
    load.call('ping', mixture.activitiesPerSecond, forMs),
    visit(mixture, visitors),
  ])
  const { updates } = await awaitQuiet(load)
  await sleep(1_500)
  const ms = performance.now() - since
  const measured = { node: (await server.cpuMs()) - node, redis: redis.cpuMs() - inRedis }
  await visitors.end()
  const heartbeats = (ms / pingMs) * connections
  const { arrivals } = mixture
  const us = {
    node:
      heartbeats * costs.idleUs +
      made * costs.transitionUs +
      updates * costs.deliveryUs +
      sent * costs.activityUs +
      arrivals * costs.connectUs,
    redis: heartbeats * costs.redisIdleUs + made * costs.redisTransitionUs + arrivals * costs.redisConnectUs,
  }
  return {
    nodeMeasuredMs: (1_000 * measured.node) / ms,
    nodeExpectedMs: costs.nodeIdleMs + us.node / ms,
    redisMeasuredMs: (1_000 * measured.redis) / ms,
    redisExpectedMs: costs.redisNodeMs + us.redis / ms,
  }
}

/** @returns how many changes were made */
async function change({ server, providers, changesPerSecond, forMs }: Mixture): Promise<number> {
  const sequence = providers.map((_, position) => position)
  await server.call('startChanges', { users: providers, sequence, perSecond: changesPerSecond, burst: 5 })
  await sleep(forMs)
  const { made, failed } = await server.call('stopChanges')
  if (failed > 0) throw new Error(`${failed} of ${made} changes failed`)
  return made
}

/** Others arrive one after the other, and leave. */
async function visit({ world, server, providers, arrivals }: Mixture, visitors: Process<LoadVerbs>): Promise<void> {
  const { port, wire } = server
  const { secret } = world
  const users = personIds('client', arrivals, VISITORS_FROM)
  await visitors.call('prepare', secret, users)
  const watches = pages(arrivals)
  await visitors.call('connect', { port, wire, secret, users, watchable: providers, watches, atOnce: 2 })
  await visitors.call('disconnect', 'clean', 0)
}
