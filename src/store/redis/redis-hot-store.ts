import type { UserRecord } from '../../domain/user-record.ts'
import { nextVersion } from '../../domain/version.ts'
import type { Abandoned, RecordChange, SharedHotStore } from '../contract.ts'
import { createDeadlineQueue } from '../deadline-queue.ts'
import { createChangeLog } from './change-log.ts'
import { BUCKET_NUMBERS, bucketOf, byBucket, createKeys } from './keys.ts'
import { createLink, type LinkOptions } from './link.ts'
import { createListeners } from './listeners.ts'
import { createRelistedNews } from './relisted-news.ts'
import { createRedisCounters } from './redis-counters.ts'
import { createNodeLease, type RollCall } from './node-lease.ts'
import { createNodeReports } from './node-reports.ts'
import { SCRIPTS } from './scripts.ts'
import { createStoreClock } from './store-clock.ts'
import { createUserRecords, newOrigin, RESTING_S } from './user-records.ts'

export interface RedisHotStoreOptions extends LinkOptions {
  /** Begins every key, so that several systems can share a Redis. */
  readonly prefix: string
  readonly nodeLeaseMs: number
  /** Epoch milliseconds, instead of the clock of Redis: for tests that move it. */
  readonly clock?: (() => number) | undefined
  /** Called with a sentence about settings of Redis that lose what they should keep. */
  readonly onWarning?: (sentence: string) => void
  /** Called with the number of news that were not heard, and had to be looked up. */
  readonly onGap?: (missed: number) => void
  /** Of the trace that is under way, for whoever hears of a change on another node. */
  readonly traceparent?: () => string | undefined
}

/** Users of one kind that a survey takes over at once from each bucket. */
const SURVEYED = 500

/**
 * The hot store that many nodes share, in a Redis or a Redis Cluster. Rules run here, as pure steps; Redis compares and keeps (ADR 0001).
 * What is in which key is told by docs/redis.md.
 */
export function createRedisHotStore(options: RedisHotStoreOptions): SharedHotStore {
  const link = createLink(options)
  const keys = createKeys(options.prefix)
  const clock = createStoreClock(options.clock)
  const { now } = clock
  const origin = newOrigin()
  const { onGap = () => {}, traceparent = () => undefined } = options
  const log = createChangeLog({ link, keys, origin, now, onGap })
  const directory = createRelistedNews({ link, keys, origin })
  const lease = createNodeLease({
    link,
    keys,
    clock,
    leaseMs: options.nodeLeaseMs,
    ownClock: options.clock !== undefined,
    catchUp: log.check,
  })
  const { nodeId } = lease
  const reports = createNodeReports({ link, keys, lease })
  const users = createUserRecords({ link, keys, log, origin, nodeId, now, traceparent })
  const changes = createListeners<RecordChange>()

  /** What this node looks after: the deadlines of what it changed last, and what of it PostgreSQL does not have yet. */
  const deadlines = new Map<string, number | null>()
  const due = createDeadlineQueue({
    get size() {
      return deadlines.size
    },
    of: (userId) => deadlines.get(userId),
    all: () => deadlines.entries(),
  })
  const dirty = new Map<string, number>()

  function lookAfter(userId: string, deadline: number | null): void {
    const moved = deadlines.get(userId) !== deadline
    deadlines.set(userId, deadline)
    due.set(userId, deadline, moved)
    if (deadline === null) deadlines.delete(userId)
  }

  log.onRemoteChange(({ userId }) => {
    const isConnectedHere = users.lastKnown(userId)?.sessions.some((session) => session.nodeId === nodeId())
    users.outdated(userId)
    // Whoever changed it looks after it now; of its own sessions this node knows the activity (R12).
    if (!isConnectedHere) lookAfter(userId, null)
  })

  const change: SharedHotStore['change'] = async (userId, step, cold) => {
    const made = await users.change(userId, (record, at) => ({ ...step(record, at), observed: true }), cold)
    if (made === null) return null
    const { before, after } = made
    lookAfter(userId, after.deadline)
    if (before.version !== after.version) dirty.set(userId, after.version)
    changes.tell(made)
    return made
  }

  let isOpen = false

  async function join(): Promise<void> {
    if (isOpen) {
      await lease.take()
      // Whoever was away for that long missed something, or the store itself was.
      return log.check()
    }
    await link.connect()
    await checkEviction()
    // First the lease: its answer tells the time.
    await lease.take()
    await log.open()
    await directory.open()
    isOpen = true
  }

  async function checkEviction(): Promise<void> {
    const memory = String(await link.send(keys.leases, 'INFO', 'memory'))
    const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1]
    if (policy === undefined || policy === 'noeviction') return
    options.onWarning?.(
      `Redis runs with maxmemory-policy ${policy}: when its memory is full it forgets who is here. Set noeviction.`,
    )
  }

  /** What this node changed last it still has; what others changed since is read, and what the store lost is taken from memory. */
  async function unprojected(limit: number): Promise<UserRecord[]> {
    const userIds = [...dirty.keys()].slice(0, limit)
    const missing = userIds.filter((userId) => !users.lastKnown(userId))
    const read = await users.read(missing)
    return userIds.flatMap((userId) => {
      const record = users.lastKnown(userId) ?? read.get(userId)
      if (!record) dirty.delete(userId)
      return record ?? []
    })
  }

  async function markProjected(projected: readonly { userId: string; version: number }[]): Promise<void> {
    const groups = link.isCluster ? [...byBucket(projected, ({ userId }) => userId).values()] : [projected]
    await Promise.all(
      groups.map(async (group) => {
        const names = group.flatMap(({ userId }) => [keys.dirty(bucketOf(userId)), keys.record(userId)])
        const args = group.flatMap(({ userId, version }) => [userId, String(version)])
        if (names.length > 0) await link.run(SCRIPTS.projected, names, [String(RESTING_S), ...args])
      }),
    )
    for (const { userId, version } of projected) if ((dirty.get(userId) ?? 0) <= version) dirty.delete(userId)
  }

  /** @returns for each node with sessions in these buckets in which of them */
  async function surveyBuckets(buckets: readonly number[], lagMs: number): Promise<[bucket: number, node: string][]> {
    const names = buckets.flatMap((bucket) => [keys.due(bucket), keys.dirty(bucket), keys.members(bucket)])
    const before = now() - lagMs
    const args = [String(before), String(before * 1000), String(SURVEYED)]
    const reply = (await link.run(SCRIPTS.survey, names, args)) as [string[], string[], (number | string)[]]
    const [overdue, unwritten, places] = reply
    for (const userId of overdue) {
      deadlines.set(userId, before)
      due.set(userId, before, true)
    }
    for (const userId of unwritten) {
      if (dirty.has(userId)) continue
      dirty.set(userId, 0)
      // What this node had of them may not be what the one that died wrote.
      users.outdated(userId)
    }
    return places.flatMap((place, i): [number, string][] =>
      i % 2 === 0 ? [[buckets[Number(place)] ?? 0, String(places[i + 1])]] : [],
    )
  }

  async function survey(lagMs: number): Promise<Abandoned[]> {
    const rollCall = await lease.rollCall()
    const bucketsOf = new Map<string, number[]>()
    // One call to one server; in a cluster a script stays in one slot.
    const parts = link.isCluster ? BUCKET_NUMBERS.map((bucket) => [bucket]) : [BUCKET_NUMBERS]
    const found = await Promise.all(parts.map((buckets) => surveyBuckets(buckets, lagMs)))
    for (const [bucket, node] of found.flat()) bucketsOf.set(node, [...(bucketsOf.get(node) ?? []), bucket])
    return rollCall === null ? [] : abandonedBy(rollCall, bucketsOf)
  }

  async function abandonedBy({ live, dead }: RollCall, bucketsOf: Map<string, number[]>): Promise<Abandoned[]> {
    for (const nodeId of dead.keys()) if (!bucketsOf.has(nodeId)) await lease.forget(nodeId)
    const abandoned: Abandoned[] = []
    for (const [nodeId, buckets] of bucketsOf) {
      if (live.has(nodeId) || lease.isOwnName(nodeId)) continue
      const evidenceAt = dead.get(nodeId)
      // A lease that is missing without a trace was lost with the server that had it: its node gets the time to say so.
      if (evidenceAt === undefined) await lease.suspect(nodeId)
      else if (evidenceAt + options.nodeLeaseMs <= now()) {
        abandoned.push({ nodeId, evidenceAt, userIds: await usersOf(nodeId, buckets) })
      }
    }
    return abandoned
  }

  async function usersOf(nodeId: string, buckets: readonly number[]): Promise<string[]> {
    const found = await Promise.all(
      buckets.map(async (bucket) => {
        const key = keys.members(bucket)
        const members = await link.send(key, 'ZRANGEBYLEX', key, `[${nodeId} `, `(${nodeId}!`)
        return (members as string[]).map((member) => member.slice(nodeId.length + 1))
      }),
    )
    return found.flat()
  }

  return {
    now,
    nodeId,
    versionFloor: log.floorOf,
    read: users.read,
    warm: async (record) => {
      if (await users.create(record)) lookAfter(record.userId, record.deadline)
    },
    change,
    stampVersion: async (userId) => {
      const made = await users.change(userId, (record, at) => ({
        record: { ...record, version: nextVersion(record.version, at) },
        ended: [],
        observed: false,
      }))
      return made?.after.version ?? null
    },
    takeDue: async (limit) => due.take(now(), limit),
    nextDeadline: async () => due.next(),
    unprojected,
    markProjected,
    onChange: changes.add,
    join,
    renewLease: lease.renew,
    leave: lease.giveUp,
    claim: async (task, ms) =>
      (await link.send(keys.claim(task), 'SET', keys.claim(task), nodeId(), 'PX', String(ms), 'NX')) === 'OK',
    survey,
    counters: createRedisCounters(link, keys),
    isOwnNode: lease.isOwnName,
    tellReport: reports.tellReport,
    nodes: reports.nodes,
    ownUsers: () => usersOf(nodeId(), BUCKET_NUMBERS),
    onRemoteChange: log.onRemoteChange,
    onDoubt: log.onDoubt,
    onAmnesia: log.onAmnesia,
    tellRelisted: directory.tell,
    onRelisted: directory.onRelisted,
    checkLog: log.check,
    state: lease.state,
    onState: lease.onState,
    ping: async () => (await link.send(keys.leases, 'EXISTS', keys.leases)) !== null,
    forgetPast: log.forget,
    close: async () => {
      log.close()
      directory.close()
      changes.clear()
      await link.close()
    },
  }
}
