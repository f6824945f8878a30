import { PresenceError } from '../domain/errors.ts'

/** What one of each thing costs: unit, and what was counted. `npm run bench -- costs` measures each on real processes. */
export const COSTS = {
  nodeBaseMb: ['MB', 'memory of a node without connections'],
  nodeIdleMs: ['ms/s', 'CPU of a node without connections, each second'],
  connectUs: ['µs', 'CPU of a node per connection made and ended: token, session, snapshot of 20, goodbye'],
  connectionKb: ['KB', 'memory of a node per connection that watches 20'],
  idleUs: ['µs', 'CPU of a node per idle connection and heartbeat, a third of a comparison with the store included'],
  transitionUs: ['µs', 'CPU of a node per transition that nobody watches, stored everywhere'],
  deliveryUs: ['µs', 'CPU of a node per update delivered, one change at a time'],
  activityUs: ['µs', 'CPU of a node per activity told by a client'],
  coldUs: ['µs', 'CPU of a node per user whom it reads from PostgreSQL, because Redis has not got them'],
  newsUs: ['µs', 'CPU of a node per change on another node that nobody here watches'],
  connectBytes: ['B', 'sent to a client until its snapshot of 20 is there'],
  deliveryBytes: ['B', 'sent to a client per update, frame by frame'],
  redisNodeMs: ['ms/s', 'CPU of Redis per node that does nothing, each second'],
  redisIdleUs: ['µs', 'CPU of Redis per idle connection and heartbeat, a third of a comparison included'],
  redisConnectUs: ['µs', 'CPU of Redis per connection made and ended'],
  redisTransitionUs: ['µs', 'CPU of Redis per transition, with the node that made it listening'],
  redisColdUs: ['µs', 'CPU of Redis per user asked for whom it has not got'],
  redisNewsUs: ['µs', 'CPU of Redis per transition and further node that listens'],
  redisWriteBytes: ['B', 'sent to Redis per transition'],
  redisNewsBytes: ['B', 'sent by Redis per transition and node that listens'],
  redisPresentBytes: ['B', 'memory of Redis per present user'],
  redisRestingBytes: ['B', 'memory of Redis per user who left lately'],
  redisFixedMb: ['MB', 'memory of Redis for everything that does not grow with users: logs of 256 buckets'],
  projectStatementUs: ['µs', 'CPU of PostgreSQL per statement that projects, whatever its rows'],
  projectRowUs: ['µs', 'CPU of PostgreSQL per transition stored, in a batch'],
  activityRowUs: ['µs', 'CPU of PostgreSQL per activity stored, in a batch'],
  sessionStatementUs: ['µs', 'CPU of PostgreSQL per statement that writes sessions, whatever its rows'],
  sessionRowUs: ['µs', 'CPU of PostgreSQL per session row inserted or updated, in a batch'],
  decisionUs: ['µs', 'CPU of PostgreSQL per choice stored'],
  loadUs: ['µs', 'CPU of PostgreSQL per user read, in a batch of 20'],
  vacuumRowUs: ['µs', 'CPU of PostgreSQL per dead row cleaned up, a fifth of the table being dead'],
  walBytes: ['B', 'write-ahead log per transition stored, without full pages'],
  presenceRowBytes: ['B', 'disk per user in porchlight_presence, indexes and free room included'],
  sessionRowBytes: ['B', 'disk per row of user_sessions, indexes included'],
} as const satisfies Record<string, readonly [unit: string, meaning: string]>

export type CostName = keyof typeof COSTS

/** The name of every cost, in the order in which they are told. */
export const COST_NAMES = Object.keys(COSTS) as CostName[]

/** How large the system was on which something was measured: what is beyond that is extrapolated. */
export const SCALES = {
  connections: 'connections of a node',
  nodes: 'nodes',
  changesPerSecond: 'changes a second',
  deliveriesPerSecond: 'deliveries a second of a node',
  redisUsers: 'users in one Redis',
  storedUsers: 'users in PostgreSQL',
  rowsPerSecond: 'rows a second in PostgreSQL',
} as const

export type ScaleName = keyof typeof SCALES
export const SCALE_NAMES = Object.keys(SCALES) as ScaleName[]

/** CPU in milliseconds a second while all kinds of work are done at once, and what the costs of each add up to. */
export interface Checked {
  readonly nodeMeasuredMs: number
  readonly nodeExpectedMs: number
  readonly redisMeasuredMs: number
  readonly redisExpectedMs: number
}

const CHECKED = ['nodeMeasuredMs', 'nodeExpectedMs', 'redisMeasuredMs', 'redisExpectedMs'] as const

/** What `npm run bench -- costs` writes. */
export interface MeasuredCosts {
  readonly costs: Readonly<Record<CostName, number>>
  readonly scales: Readonly<Record<ScaleName, number>>
  readonly check: Checked
  /** Where and when, in words. */
  readonly circumstances: string
  /** A short run: it shows that measuring works, and little else. */
  readonly quick: boolean
}

/**
 * Checks what a file of measured costs says.
 *
 * @throws {PresenceError} INVALID_OPTION naming what is missing
 */
export function parseCosts(text: string, file: string): MeasuredCosts {
  const refuse = (what: string): PresenceError =>
    new PresenceError('INVALID_OPTION', `${file} ${what}. Measure with: npm run bench -- costs`)
  let read: Partial<MeasuredCosts> | null
  try {
    read = JSON.parse(text) as Partial<MeasuredCosts> | null
  } catch {
    throw refuse('is no JSON')
  }
  const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0
  const missing = [
    ...(typeof read?.circumstances === 'string' ? [] : ['circumstances']),
    ...(typeof read?.quick === 'boolean' ? [] : ['quick']),
    ...COST_NAMES.filter((name) => !isCount(read?.costs?.[name])),
    ...SCALE_NAMES.filter((name) => !isCount(read?.scales?.[name])),
    ...CHECKED.filter((name) => !isCount(read?.check?.[name])),
  ]
  if (missing.length > 0) throw refuse(`does not say ${missing.join(', ')}`)
  return read as MeasuredCosts
}
