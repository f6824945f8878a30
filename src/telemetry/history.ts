import type { Metrics } from './metrics.ts'

/** How this node was at one moment, and what it did since the one before. Counts and spans only: none of it tells of a user (R35). */
export interface Sample {
  /** Epoch milliseconds. */
  readonly at: number
  /** Users with a session of this node. */
  readonly users: number
  readonly sessions: number
  /** Changes of a status by this node, each second. */
  readonly transitionsPerS: number
  /** Updates written to connections, each second. */
  readonly deliveriesPerS: number
  /** From a change of a view to its delivery, in milliseconds: half of them, and 99 of 100, took no longer. Null: there was none. */
  readonly delayP50Ms: number | null
  readonly delayP99Ms: number | null
  /** Age of the oldest change that PostgreSQL does not have yet, in milliseconds. */
  readonly projectionLagMs: number
}

/** The last minutes of this node, in its memory. */
export interface History {
  /** Looks at the metrics as they are now, and keeps what it saw. */
  take(): Promise<Sample>
  /** What was seen after a moment in epoch milliseconds, oldest first. */
  since(at: number): readonly Sample[]
}

export interface HistoryOptions {
  readonly metrics: Pick<Metrics, 'localSessions' | 'transitions' | 'deliveries' | 'changeDelay' | 'projectionLag'>
  readonly users: () => number
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Samples kept; of more the oldest are forgotten. */
  readonly kept: number
}

/** What only ever grows. */
interface Totals {
  readonly at: number
  readonly transitions: number
  readonly deliveries: number
  readonly delays: Buckets
}

/** Upper bound in seconds to how many took no longer. */
type Buckets = readonly (readonly [bound: number, count: number])[]

const MS = 1_000

export function createHistory({ metrics, users, now, kept }: HistoryOptions): History {
  const samples: Sample[] = []
  let last: Totals | null = null

  async function totals(): Promise<Totals> {
    const [transitions, deliveries, delays] = await Promise.all([
      sumOf(metrics.transitions),
      sumOf(metrics.deliveries),
      bucketsOf(metrics.changeDelay),
    ])
    return { at: now(), transitions, deliveries, delays }
  }

  async function take(): Promise<Sample> {
    const [current, sessions, lagS] = [
      await totals(),
      await sumOf(metrics.localSessions),
      await sumOf(metrics.projectionLag),
    ]
    const before = last ?? current
    last = current
    const seconds = (current.at - before.at) / MS
    const rate = (grown: number): number => (seconds > 0 ? grown / seconds : 0)
    const delays = grownBuckets(before.delays, current.delays)
    const sample = {
      at: current.at,
      users: users(),
      sessions,
      transitionsPerS: rate(current.transitions - before.transitions),
      deliveriesPerS: rate(current.deliveries - before.deliveries),
      delayP50Ms: quantile(delays, 0.5),
      delayP99Ms: quantile(delays, 0.99),
      projectionLagMs: lagS * MS,
    }
    samples.push(sample)
    if (samples.length > kept) samples.shift()
    return sample
  }

  return { take, since: (at) => samples.filter((sample) => sample.at > at) }
}

interface Readable {
  get(): Promise<{ values: readonly { value: number; labels: object; metricName?: string }[] }>
}

const sumOf = async (metric: Readable): Promise<number> =>
  (await metric.get()).values.reduce((sum, { value }) => sum + value, 0)

async function bucketsOf(histogram: Readable): Promise<Buckets> {
  const { values } = await histogram.get()
  return values.flatMap(({ value, labels }) =>
    'le' in labels ? [[Number(String(labels.le).replace('+Inf', 'Infinity')), value] as const] : [],
  )
}

const grownBuckets = (before: Buckets, after: Buckets): Buckets =>
  after.map(([bound, count], i) => [bound, count - (before[i]?.[1] ?? 0)] as const)

/**
 * The span, in milliseconds, that a part of all took no longer than: within its bucket as if they were spread evenly, as Prometheus
 * reckons. What lies beyond the last bound is told as that bound.
 */
export function quantile(buckets: Buckets, part: number): number | null {
  const total = buckets.at(-1)?.[1] ?? 0
  if (total === 0) return null
  const wanted = part * total
  const at = buckets.findIndex(([, count]) => count >= wanted)
  const [bound, count] = buckets[at] ?? [0, 0]
  const [lower, below] = buckets[at - 1] ?? [0, 0]
  if (!Number.isFinite(bound)) return lower * MS
  return (lower + (bound - lower) * ((wanted - below) / (count - below))) * MS
}
