import { PresenceError } from '../domain/errors.ts'
import type { Assumed } from './assumptions.ts'
import { type Demand, demandOf } from './demand.ts'
import { bucketsByShard, evenness, MAX_SHARDS } from './slots.ts'
import type { MeasuredCosts, ScaleName } from './unit-costs.ts'

/** Something that was calculated, and how far from what was measured it is. */
export interface Figure {
  readonly part: 'demand' | 'nodes' | 'redis' | 'postgres' | 'network'
  readonly name: string
  /** Null: too far from what was measured to be told. */
  readonly value: number | null
  readonly unit: string
  /** `assumed`: follows from the assumptions alone. `measured`: within what was measured. */
  readonly basis: 'assumed' | 'measured' | 'extrapolated' | 'refused'
  /** How many times what was measured, and of what. */
  readonly times: number
  readonly of: ScaleName | null
}

export interface Plan {
  readonly demand: Demand
  readonly figures: readonly Figure[]
  /** Changes a second at which hearing of them takes all that a node may use: more nodes do not help. */
  readonly mostChangesPerSecond: number
}

/** Figures that are more than this many times what was measured are not told. */
export const FARTHEST = 100

/** Each kind of write-behind runs as often on every node. */
const FLUSHES_PER_SECOND = 2
const MB = 1e6
const GB = 1e9

interface Sizes {
  readonly demand: Demand
  readonly assumed: Assumed
  readonly measured: MeasuredCosts
  readonly nodes: Nodes
  readonly redis: Shards
}

/** @throws {PresenceError} INVALID_OPTION when no number of machines would carry it */
export function planCapacity(assumed: Assumed, measured: MeasuredCosts): Plan {
  const demand = demandOf(assumed)
  const nodes = nodesFor(demand, assumed, measured)
  const redis = shardsFor(demand, nodes.running, assumed, measured)
  const sizes: Sizes = { demand, assumed, measured, nodes, redis }
  const { nodeIdleMs, newsUs } = measured.costs
  return {
    demand,
    figures: [...demandFigures(demand), ...nodeFigures(sizes), ...redisFigures(sizes), ...otherFigures(sizes)],
    mostChangesPerSecond: ((assumed.load * 1_000 - nodeIdleMs) * 1_000) / newsUs,
  }
}

interface Nodes {
  /** As many as the work needs. */
  readonly needed: number
  /** With those that may be missing. */
  readonly running: number
  readonly machines: number
  /** CPU of each that runs, in milliseconds a second. */
  readonly cpuMs: number
  /** The part of it that is hearing of changes elsewhere. */
  readonly newsMs: number
  readonly memoryMb: number
}

function nodesFor(demand: Demand, assumed: Assumed, { costs }: MeasuredCosts): Nodes {
  const { connections, transitions, connects, deliveries, activities, heartbeats, loads } = demand
  const workMs =
    (heartbeats * costs.idleUs +
      connects * costs.connectUs +
      transitions * costs.transitionUs +
      deliveries * costs.deliveryUs +
      loads * costs.coldUs +
      activities * costs.activityUs) /
    1_000
  const newsMs = (transitions * costs.newsUs) / 1_000
  const budgetMs = assumed.load * 1_000 - costs.nodeIdleMs - newsMs
  if (budgetMs <= 0) {
    throw unable(
      `every node hears of every change, and ${round(transitions)} a second take ${round(newsMs)} ms a second of each; ` +
        `a load of ${assumed.load * 100}% leaves ${round(assumed.load * 1_000 - costs.nodeIdleMs)}. More nodes do not help: split the users over several systems (docs/scaling.md)`,
    )
  }
  const roomMb = assumed.nodeMemoryGb * 1_024 - costs.nodeBaseMb
  if (roomMb <= 0) throw unable(`a node without connections takes ${round(costs.nodeBaseMb)} MB`)
  const memoryMb = (connections * costs.connectionKb) / 1_024
  const needed = Math.ceil(Math.max(1, workMs / budgetMs, connections / assumed.nodeConnections, memoryMb / roomMb))
  const running = needed + assumed.spare * Math.min(needed, assumed.nodeCores)
  return {
    needed,
    running,
    machines: Math.ceil(needed / assumed.nodeCores) + assumed.spare,
    cpuMs: costs.nodeIdleMs + newsMs + workMs / running,
    newsMs,
    memoryMb: costs.nodeBaseMb + memoryMb / needed,
  }
}

interface Shards {
  readonly count: number
  /** Share of all users in the fullest one. */
  readonly fullest: number
  readonly cpuMs: number
  readonly memoryBytes: number
}

function shardsFor(demand: Demand, nodes: number, assumed: Assumed, { costs }: MeasuredCosts): Shards {
  const { present, resting, transitions, connects, loads, heartbeats } = demand
  const cpuMs =
    nodes * costs.redisNodeMs +
    (heartbeats * costs.redisIdleUs +
      connects * costs.redisConnectUs +
      loads * costs.redisColdUs +
      transitions * (costs.redisTransitionUs + (nodes - 1) * costs.redisNewsUs)) /
      1_000
  const memoryBytes = present * costs.redisPresentBytes + resting * costs.redisRestingBytes + costs.redisFixedMb * MB
  for (let count = 1; count <= MAX_SHARDS; count += 1) {
    // Redis Cluster needs three to agree on a failure.
    if (count === 2) continue
    const fullest = evenness(bucketsByShard(count)).most / MAX_SHARDS
    const fits = cpuMs * fullest <= assumed.load * 1_000 && memoryBytes * fullest <= assumed.shardMemoryGb * GB
    if (fits) return { count, fullest, cpuMs, memoryBytes }
  }
  throw unable(`it takes more than the ${MAX_SHARDS} shards over which users can be spread`)
}

const unable = (why: string): PresenceError =>
  new PresenceError('INVALID_OPTION', `No number of machines carries this: ${why}.`)

const round = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en')

const demandFigures = (demand: Demand): Figure[] =>
  (
    [
      ['present users', demand.present, ''],
      ['connections', demand.connections, ''],
      ['transitions', demand.transitions, '/s'],
      ['connections made and ended', demand.connects, '/s'],
      ['updates delivered', demand.deliveries, '/s'],
      ['activities told', demand.activities, '/s'],
      ['users read from PostgreSQL, at most', demand.loads, '/s'],
      ['users who left lately, kept in Redis, at most', demand.resting, ''],
    ] as const
  ).map(([name, value, unit]) => ({ part: 'demand', name, value, unit, basis: 'assumed', times: 0, of: null }))

/** Makes figures of a part whose system is so large. */
function teller(part: Figure['part'], { scales }: MeasuredCosts, sizes: Readonly<Partial<Record<ScaleName, number>>>) {
  const farthest = Object.entries(sizes)
    .map(([of, size]) => ({ of: of as ScaleName, times: size / scales[of as ScaleName] }))
    .reduce((most, next) => (next.times > most.times ? next : most))
  const { of, times } = farthest
  const basis = times <= 1 ? 'measured' : times <= FARTHEST ? 'extrapolated' : 'refused'
  return (name: string, value: number, unit: string): Figure => ({
    part,
    name,
    value: basis === 'refused' ? null : value,
    unit,
    basis,
    times,
    of,
  })
}

function nodeFigures({ demand, measured, nodes, assumed }: Sizes): Figure[] {
  const tell = teller('nodes', measured, {
    nodes: nodes.running,
    connections: demand.connections / nodes.needed,
    changesPerSecond: demand.transitions,
    deliveriesPerSecond: demand.deliveries / nodes.needed,
  })
  return [
    tell('nodes that the work needs', nodes.needed, ''),
    tell(`machines of ${assumed.nodeCores} nodes, ${assumed.spare} of which may be missing`, nodes.machines, ''),
    tell('connections per node while all run', demand.connections / nodes.running, ''),
    tell('CPU per node while all run', nodes.cpuMs / 10, '% of a core'),
    tell('of which hearing of changes elsewhere', nodes.newsMs / 10, '% of a core'),
    tell('memory per node while some are missing', nodes.memoryMb, 'MB'),
  ]
}

function redisFigures({ demand, measured, nodes, redis, assumed }: Sizes): Figure[] {
  const { count, fullest, cpuMs, memoryBytes } = redis
  const tell = teller('redis', measured, {
    nodes: nodes.running,
    redisUsers: (demand.present + demand.resting) * fullest,
    changesPerSecond: demand.transitions * fullest,
  })
  return [
    tell(count === 1 ? 'shards (a single Redis will do)' : 'shards', count, ''),
    tell('servers, replicas included', count * (1 + assumed.replicas), ''),
    tell('share of the users in the fullest shard', fullest * 100, '%'),
    tell('CPU of the fullest shard', (cpuMs * fullest) / 10, '% of a core'),
    tell('memory of the fullest shard, at most', (memoryBytes * fullest) / MB, 'MB'),
    tell('memory of all shards without replicas, at most', memoryBytes / MB, 'MB'),
  ]
}

function otherFigures({ demand, measured, nodes, assumed }: Sizes): Figure[] {
  const { costs } = measured
  const postgres = teller('postgres', measured, {
    storedUsers: assumed.users,
    rowsPerSecond: demand.transitions + demand.activityRows + demand.sessionRows,
  })
  const network = teller('network', measured, { nodes: nodes.running, changesPerSecond: demand.transitions })
  const { transitions, activityRows, sessionRows } = demand
  const projected = transitions + activityRows
  const statements = (rows: number): number => Math.min(rows, FLUSHES_PER_SECOND * nodes.running)
  const cpuMs =
    (statements(projected) * costs.projectStatementUs +
      transitions * costs.projectRowUs +
      activityRows * costs.activityRowUs +
      statements(sessionRows) * costs.sessionStatementUs +
      sessionRows * costs.sessionRowUs +
      demand.decisions * costs.decisionUs +
      demand.loads * costs.loadUs +
      projected * costs.vacuumRowUs) /
    1_000
  const kept = demand.connects * 3_600 * assumed.busyHours * assumed.sessionDays
  return [
    postgres('rows written, of users and of sessions', projected + sessionRows, '/s'),
    postgres('CPU, reads of cold users included, at most', cpuMs / 10, '% of a core'),
    postgres('cores at the assumed load', Math.ceil(cpuMs / 1_000 / assumed.load), ''),
    postgres('write-ahead log, without full pages', ((projected + sessionRows) * costs.walBytes) / MB, 'MB/s'),
    postgres('porchlight_presence on disk', (assumed.users * costs.presenceRowBytes) / GB, 'GB'),
    postgres('user_sessions on disk', (kept * costs.sessionRowBytes) / GB, 'GB'),
    network(
      'to clients, payload alone',
      (demand.deliveries * costs.deliveryBytes + demand.connects * costs.connectBytes) / MB,
      'MB/s',
    ),
    network('to Redis', (transitions * costs.redisWriteBytes) / MB, 'MB/s'),
    network('from Redis to nodes, all together', (transitions * nodes.running * costs.redisNewsBytes) / MB, 'MB/s'),
    network('from Redis to each node', (transitions * costs.redisNewsBytes) / MB, 'MB/s'),
  ]
}
