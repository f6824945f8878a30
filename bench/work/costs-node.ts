import { setTimeout as sleep } from 'node:timers/promises'
import type { Checked, CostName } from '../../src/capacity/unit-costs.ts'
import { differentOnes, seededChance } from '../chance.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { forgetPresence, personIds } from '../people.ts'
import type { Process } from '../processes/start-process.ts'
import type { BenchServer, World } from '../world.ts'
import { arrive, PAGE } from './arrive.ts'
import type { BenchRedis } from '../processes/redis.ts'
import { checkTogether } from './costs-check.ts'
import { startNode } from './costs-servers.ts'
import { measureChanges } from './measure-changes.ts'

type NodeCost = Extract<
  CostName,
  | 'nodeBaseMb'
  | 'nodeIdleMs'
  | 'connectUs'
  | 'connectionKb'
  | 'idleUs'
  | 'redisIdleUs'
  | 'transitionUs'
  | 'deliveryUs'
  | 'activityUs'
  | 'coldUs'
  | 'connectBytes'
  | 'deliveryBytes'
  | 'redisNodeMs'
  | 'redisConnectUs'
  | 'redisTransitionUs'
  | 'redisWriteBytes'
  | 'redisColdUs'
>

export interface MeasuredNode {
  readonly costs: Readonly<Record<NodeCost, number>>
  /** What the costs add up to when all is done at once, and what that took. */
  readonly check: Checked
  readonly connections: number
  readonly deliveriesPerSecond: number
}

const PROVIDERS = 1_000
/** Providers of whom nobody has heard yet: those after the ones who come and go. */
const COLD = { from: PROVIDERS, count: 9_000 }
/** So many that arriving hardly counts. */
const COLD_PAGE = 200
/** Clients who warm the code up, come from here. */
const EARLY_FROM = 20_000
/** Everything that goes on by itself goes on faster, in the same proportions as by default. */
const FASTER = 2.5
const PING_MS = 10_000 / FASTER
const RECONCILE_MS = 30_000 / FASTER
/** After it, what follows from anything is written to PostgreSQL as well. */
const WRITTEN_AFTER_MS = 1_500

const size = (quick: boolean) =>
  quick
    ? { early: 200, arrivals: 300, looks: 5, stay: 600, aloneMs: 2_000, changes: 200, changesMs: 2_000, calm: 50 }
    : {
        early: 1_000,
        arrivals: 1_500,
        looks: 45,
        stay: 3_000,
        aloneMs: 8_000,
        // As few as a node of many has: what goes on beside each is paid by few.
        changes: 150,
        changesMs: 5_000,
        calm: 150,
      }

const mixture = (quick: boolean) =>
  quick
    ? { forMs: 2_000, changesPerSecond: 100, activitiesPerSecond: 300, arrivals: 50 }
    : { forMs: 8_000, changesPerSecond: 80, activitiesPerSecond: 2_000, arrivals: 500 }

/** CPU milliseconds that a node and its Redis used, and how long it took. */
interface Used {
  readonly node: number
  readonly redis: number
  readonly ms: number
}

interface Stage {
  readonly world: World
  readonly server: BenchServer
  readonly load: Process<LoadVerbs>
  readonly redis: BenchRedis
  readonly providers: readonly string[]
  usedBy(work: () => Promise<unknown>): Promise<Used>
}

/** Measures one node and its Redis, one kind of work after the other, each less what goes on by itself meanwhile. */
export async function measureNode(world: World, redis: BenchRedis): Promise<MeasuredNode> {
  await forgetPresence(world.databaseUrl)
  const options = {
    REDIS_URL: redis.url,
    PRESENCE_PING_INTERVAL_MS: `${PING_MS}`,
    PRESENCE_PING_TIMEOUT_MS: '10000',
    PRESENCE_RECONCILE_MS: `${RECONCILE_MS}`,
  }
  const server = await startNode(world, options)
  const load = await world.startLoad()
  const usedBy = async (work: () => Promise<unknown>): Promise<Used> => {
    const [node, inRedis, since] = [await server.cpuMs(), redis.cpuMs(), performance.now()]
    await work()
    const ms = performance.now() - since
    return { node: (await server.cpuMs()) - node, redis: redis.cpuMs() - inRedis, ms }
  }
  try {
    return await measure({ world, server, load, redis, providers: personIds('provider', PROVIDERS), usedBy })
  } finally {
    await load.end()
    await server.end()
  }
}

async function measure(stage: Stage): Promise<MeasuredNode> {
  const { world, server, providers, usedBy } = stage
  const { aloneMs, stay } = size(world.quick)
  world.say('a node without connections')
  const nodeBaseMb = (await server.memory()).rssKb / 1_024
  await sleep(1_000)
  const idle = await usedBy(() => sleep(aloneMs))
  const perMs = { node: idle.node / idle.ms, redis: idle.redis / idle.ms }
  /** What work took beyond what goes on by itself. */
  const beyond = ({ node, redis, ms }: Used): Used => ({
    node: node - ms * perMs.node,
    redis: redis - ms * perMs.redis,
    ms,
  })

  world.say('transitions that nobody watches')
  await server.call('setAll', providers, true)
  await makeChanges(stage)
  const changes = await makeChanges(stage)
  const transition = beyond(changes.used)
  const { made } = changes

  world.say('clients arrive and leave')
  await comeAndLeave(stage, EARLY_FROM, size(world.quick).early)
  const arrivals = await comeAndLeave(stage, EARLY_FROM + 2_000, size(world.quick).arrivals)
  const connect = beyond(arrivals.used)
  const looks = await lookAtStrangers(stage)
  const cold = beyond(looks.used)
  /** What arriving and leaving cost by themselves. */
  const share = looks.count / arrivals.count

  world.say('clients stay')
  // The first ones take the room that earlier work left in the heap; those after them had to ask for their own.
  const first = stay / 3
  await stayAndWatch(stage, 0, first)
  const some = await settledRssKb(stage)
  await stayAndWatch(stage, first, stay - first)
  const connectionKb = ((await settledRssKb(stage)) - some) / (stay - first)
  const quiet = beyond(await usedBy(() => sleep(RECONCILE_MS)))
  const heartbeats = (quiet.ms / PING_MS) * stay
  const idleMs = quiet.node / heartbeats
  const beyondIdle = (used: Used): number => beyond(used).node - (used.ms / PING_MS) * stay * idleMs

  world.say('updates are delivered')
  const calm = await deliver(stage)
  const told = beyondIdle(calm.used) - (calm.made * transition.node) / made
  world.say('clients are active')
  const activity = await beActive(stage)

  const costs = {
    nodeBaseMb,
    nodeIdleMs: 1_000 * perMs.node,
    redisNodeMs: 1_000 * perMs.redis,
    transitionUs: (1_000 * transition.node) / made,
    redisTransitionUs: (1_000 * transition.redis) / made,
    redisWriteBytes: changes.bytes / made,
    connectUs: (1_000 * connect.node) / arrivals.count,
    redisConnectUs: (1_000 * connect.redis) / arrivals.count,
    coldUs: (1_000 * (cold.node - connect.node * share)) / (looks.count * COLD_PAGE),
    redisColdUs: (1_000 * (cold.redis - connect.redis * share)) / (looks.count * COLD_PAGE),
    connectBytes: arrivals.bytes,
    connectionKb,
    idleUs: 1_000 * idleMs,
    redisIdleUs: (1_000 * quiet.redis) / heartbeats,
    deliveryUs: (1_000 * told) / calm.updates,
    deliveryBytes: calm.bytes / calm.updates,
    activityUs: (1_000 * beyondIdle(activity.used)) / activity.sent,
  }
  world.say('all of it at once')
  return {
    costs,
    check: await checkTogether({ ...stage, connections: stay, pingMs: PING_MS, ...mixture(world.quick) }, costs),
    connections: stay,
    deliveriesPerSecond: (1_000 * calm.updates) / size(world.quick).changesMs,
  }
}

/** Providers come and go, in turn. */
async function makeChanges({ world, server, redis, providers, usedBy }: Stage) {
  const { changes, changesMs } = size(world.quick)
  const sequence = providers.map((_, position) => position)
  const bytesBefore = await redis.info('stats', 'total_net_input_bytes')
  let made = 0
  const used = await usedBy(async () => {
    await server.call('startChanges', { users: providers, sequence, perSecond: changes, burst: 20 })
    await sleep(changesMs)
    const outcome = await server.call('stopChanges')
    if (outcome.failed > 0) throw new Error(`${outcome.failed} of ${outcome.made} changes failed`)
    ;({ made } = outcome)
    await sleep(WRITTEN_AFTER_MS)
  })
  return { used, made, bytes: (await redis.info('stats', 'total_net_input_bytes')) - bytesBefore }
}

async function comeAndLeave({ world, server, load, providers, usedBy }: Stage, from: number, count: number) {
  const watchable = providers.slice(0, 200)
  let bytes = 0
  const used = await usedBy(async () => {
    ;({ bytes } = await arrive(server, load, world, { from, count, watchable }))
    await load.call('disconnect', 'clean', 0)
    await sleep(WRITTEN_AFTER_MS)
  })
  return { used, count, bytes }
}

/** Clients arrive and leave as before, but each looks at providers of whom Redis knows nothing. */
async function lookAtStrangers({ world, server, load, usedBy }: Stage) {
  const count = size(world.quick).looks
  const { port, wire } = server
  const { secret } = world
  const watchable = personIds('provider', COLD.count, COLD.from)
  const watches = Array.from({ length: count }, (_, n) =>
    Array.from({ length: COLD_PAGE }, (__, i) => n * COLD_PAGE + i),
  )
  const users = personIds('client', count, EARLY_FROM + 5_000)
  await load.call('prepare', secret, users)
  const used = await usedBy(async () => {
    await load.call('connect', { port, wire, secret, users, watchable, watches, atOnce: 20 })
    await sleep(WRITTEN_AFTER_MS)
    await load.call('disconnect', 'clean', 0)
    await sleep(WRITTEN_AFTER_MS)
  })
  return { used, count }
}

/** The smallest of several looks: collectors give memory back a little later. */
async function settledRssKb({ server }: Stage): Promise<number> {
  await sleep(WRITTEN_AFTER_MS)
  let least = Number.POSITIVE_INFINITY
  for (let look = 0; look < 4; look++) {
    await sleep(300)
    least = Math.min(least, (await server.memory()).rssKb)
  }
  return least
}

async function stayAndWatch({ world, server, load, providers }: Stage, from: number, count: number): Promise<void> {
  const chance = seededChance(3)
  const watches = Array.from({ length: count }, () => differentOnes(PAGE, () => Math.floor(chance() * PROVIDERS)))
  const users = personIds('client', count, from)
  const { port, wire } = server
  await load.call('connect', { port, wire, secret: world.secret, users, watchable: providers, watches, atOnce: 20 })
}

/** So few changes that each is told by itself: what is merged costs less. */
async function deliver({ world, server, load, providers, usedBy }: Stage) {
  const { calm, changesMs } = size(world.quick)
  const plan = { users: providers, sequence: providers.map((_, position) => position), perSecond: calm, burst: 5 }
  await measureChanges(server, load, plan, changesMs / 2)
  let measured: Awaited<ReturnType<typeof measureChanges>> | null = null
  const used = await usedBy(async () => {
    measured = await measureChanges(server, load, plan, changesMs)
    await sleep(WRITTEN_AFTER_MS)
  })
  if (measured === null) throw new Error('Nothing was measured')
  const { changes, tally } = measured as Awaited<ReturnType<typeof measureChanges>>
  return { used, made: changes.made, updates: tally.updates, bytes: tally.bytes }
}

async function beActive({ world, load, usedBy }: Stage) {
  const { stay, changesMs } = size(world.quick)
  let sent = 0
  await load.call('ping', stay, 1_000)
  const used = await usedBy(async () => {
    sent = await load.call('ping', stay * 2, changesMs)
    await sleep(300)
  })
  return { used, sent }
}
