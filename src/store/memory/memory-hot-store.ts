import type { UserRecord } from '../../domain/user-record.ts'
import { nextVersion } from '../../domain/version.ts'
import type { HotStore, RecordChange, RecordStep } from '../contract.ts'
import { createDeadlineQueue } from '../deadline-queue.ts'

export interface MemoryStoreOptions {
  /** Epoch milliseconds: the store's one clock (R7). */
  clock: () => number
  /** @default 'memory' */
  nodeId?: string
  /** Offline, projected records kept for quick reading; beyond it the longest untouched are forgotten. @default 50_000 */
  maxResting?: number
}

/**
 * The hot store of a single process. JavaScript runs one step at a time, so a step is atomic by itself; what is left is
 * keeping deadlines, what PostgreSQL lacks, and what may be forgotten.
 */
export function createMemoryHotStore(options: MemoryStoreOptions): HotStore {
  const { clock, nodeId = 'memory', maxResting = 50_000 } = options
  // What an earlier process gave out was from before.
  const startedAt = Math.floor(clock() * 1000)
  const records = new Map<string, UserRecord>()
  const unprojected = new Map<string, number>()
  /** Records nobody needs at the moment, the longest untouched first. */
  const resting = new Set<string>()
  const listeners = new Set<(change: RecordChange) => void>()
  const deadlines = createDeadlineQueue({
    get size() {
      return records.size
    },
    of: (userId) => records.get(userId)?.deadline,
    *all() {
      for (const { userId, deadline } of records.values()) yield [userId, deadline]
    },
  })

  function keep(record: UserRecord, previous: UserRecord | undefined): void {
    records.set(record.userId, record)
    deadlines.set(record.userId, record.deadline, record.deadline !== previous?.deadline)
    rest(record)
  }

  /** Forgetting is safe once PostgreSQL has the record: its version is there to start above (R7). */
  function rest(record: UserRecord): void {
    resting.delete(record.userId)
    if (record.sessions.length > 0 || record.deadline !== null || unprojected.has(record.userId)) return
    resting.add(record.userId)
    for (const userId of resting) {
      if (resting.size <= maxResting) return
      resting.delete(userId)
      records.delete(userId)
    }
  }

  function change(userId: string, step: RecordStep, cold?: UserRecord): RecordChange | null {
    const before = records.get(userId) ?? cold
    if (!before) return null
    const at = clock()
    const { record: after, ended } = step(before, at)
    if (after.version !== before.version) unprojected.set(userId, after.version)
    keep(after, records.get(userId))
    const made = { before, after, ended, at }
    for (const listener of listeners) listener(made)
    return made
  }

  function stampVersion(userId: string): number | null {
    const record = records.get(userId)
    if (!record) return null
    const version = nextVersion(record.version, clock())
    records.set(userId, { ...record, version })
    return version
  }

  function markProjected(projected: readonly { userId: string; version: number }[]): void {
    for (const { userId, version } of projected) {
      if ((unprojected.get(userId) ?? Number.POSITIVE_INFINITY) > version) continue
      unprojected.delete(userId)
      const record = records.get(userId)
      if (record) rest(record)
    }
  }

  return {
    now: clock,
    nodeId: () => nodeId,
    versionFloor: () => startedAt,
    read: async (userIds) =>
      new Map(
        userIds.flatMap((userId) => {
          const record = records.get(userId)
          return record ? [[userId, record] as const] : []
        }),
      ),
    warm: async (record) => {
      if (!records.has(record.userId)) keep(record, undefined)
    },
    change: async (userId, step, cold) => change(userId, step, cold),
    stampVersion: async (userId) => stampVersion(userId),
    takeDue: async (limit) => deadlines.take(clock(), limit),
    nextDeadline: async () => deadlines.next(),
    unprojected: async (limit) =>
      [...unprojected.keys()].slice(0, limit).flatMap((userId) => records.get(userId) ?? []),
    markProjected: async (projected) => markProjected(projected),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    forgetPast: async () => {},
    close: async () => listeners.clear(),
  }
}
