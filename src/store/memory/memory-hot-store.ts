import TinyQueue from 'tinyqueue'
import type { UserRecord } from '../../domain/user-record.ts'
import { nextVersion } from '../../domain/version.ts'
import type { HotStore, RecordChange, RecordStep } from '../contract.ts'

export interface MemoryStoreOptions {
  /** Epoch milliseconds: the store's one clock (R7). */
  clock: () => number
  /** @default 'memory' */
  nodeId?: string
  /** Offline, projected records kept for quick reading; beyond it the longest untouched are forgotten. @default 50_000 */
  maxResting?: number
}

interface Due {
  readonly at: number
  readonly userId: string
}

const queueOf = (due: Due[]) => new TinyQueue<Due>(due, (a, b) => a.at - b.at)

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
  /** Users handed out as due and not changed since. */
  const taken = new Set<string>()
  // Entries of deadlines that moved stay in the queue and are skipped when they surface.
  let deadlines = queueOf([])

  const isStale = (due: Due): boolean => records.get(due.userId)?.deadline !== due.at

  function keep(record: UserRecord, previous: UserRecord | undefined): void {
    records.set(record.userId, record)
    // What was handed out is no longer in the queue, even when its deadline stays, as after a clock that stepped back.
    const wasTaken = taken.delete(record.userId)
    if (record.deadline !== null && (wasTaken || record.deadline !== previous?.deadline)) {
      deadlines.push({ at: record.deadline, userId: record.userId })
      if (deadlines.length > 2 * records.size + 1_000) dropMovedDeadlines()
    }
    rest(record)
  }

  function dropMovedDeadlines(): void {
    const due = [...records.values()].flatMap(({ userId, deadline }) =>
      deadline === null ? [] : [{ at: deadline, userId }],
    )
    deadlines = queueOf(due.filter(({ userId }) => !taken.has(userId)))
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

  function change(userId: string, step: RecordStep): RecordChange | null {
    const before = records.get(userId)
    if (!before) return null
    const at = clock()
    const { record: after, ended } = step(before, at)
    if (after.version !== before.version) unprojected.set(userId, after.version)
    keep(after, before)
    const made = { before, after, ended, at }
    for (const listener of listeners) listener(made)
    return made
  }

  function takeDue(limit: number): string[] {
    const now = clock()
    const users: string[] = []
    while (users.length < limit) {
      const due = deadlines.peek()
      if (due === undefined || due.at > now) break
      deadlines.pop()
      if (isStale(due) || taken.has(due.userId)) continue
      taken.add(due.userId)
      users.push(due.userId)
    }
    return users
  }

  function nextDeadline(): number | null {
    for (let due = deadlines.peek(); due !== undefined; due = deadlines.peek()) {
      if (!isStale(due)) return due.at
      deadlines.pop()
    }
    return null
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
    change: async (userId, step) => change(userId, step),
    stampVersion: async (userId) => stampVersion(userId),
    takeDue: async (limit) => takeDue(limit),
    nextDeadline: async () => nextDeadline(),
    unprojected: async (limit) =>
      [...unprojected.keys()].slice(0, limit).flatMap((userId) => records.get(userId) ?? []),
    markProjected: async (projected) => markProjected(projected),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => listeners.clear(),
  }
}
