import { LRUCache } from 'lru-cache'
import DataLoader from 'dataloader'
import { pairWith } from '../domain/pairs.ts'
import { isShown, presume, raiseVersions, type UserRecord } from '../domain/user-record.ts'
import { isOpen } from '../domain/visibility.ts'
import type { DurableStore, HotStore } from '../store/contract.ts'

/** Records as PostgreSQL has them, for whoever is not in the hot store. */
export interface RecordLoader {
  /** As it is stored now; null when there is no such user. Others do not hear of it: it is not remembered. */
  load(userId: string): Promise<UserRecord | null>
  /**
   * As it was stored a moment ago at the earliest; unknown users are left out.
   *
   * @param viewerId who is shown them, if anybody is
   */
  loadMany(userIds: readonly string[], viewerId?: string | null): Promise<UserRecord[]>
  /** The next to ask for this user is told what is stored then. */
  forget(userId: string): void
  /** The same for everybody: the store was restarted, say. */
  forgetAll(): void
}

export interface RecordLoaderOptions {
  durable: Pick<DurableStore, 'load'>
  hot: Pick<HotStore, 'now' | 'onChange' | 'versionFloor'>
  /**
   * Milliseconds for which somebody is taken for present whom PostgreSQL holds as present and the hot store does not know (R23); null
   * where the hot store cannot have forgotten anybody.
   */
  presumeMs: number | null
}

/** Milliseconds between two statements while many ask; somebody who asks alone does not wait. */
const BATCH_EVERY_MS = 10
/** Users in one statement: rows of more would be read in one go, while everybody else waits. */
export const COLD_BATCH = 200
/** Records remembered, about 1 KB each. */
const REMEMBERED = 20_000
/** Milliseconds for which a record that nobody here changed is believed: a host may change its own columns by its own SQL. */
const BELIEVED_MS = 5_000

/**
 * Reads cold records in batches, one statement for all who ask within a few milliseconds of each other, and remembers them for
 * a while: in a busy city a thousand lists show the same people. A change that others can see ends the memory of that user.
 *
 * Versions are raised above all that an earlier run can have told: it may have told more than it wrote (R7).
 */
export function createRecordLoader({ durable, hot, presumeMs }: RecordLoaderOptions): RecordLoader {
  const remembered = new LRUCache<string, Promise<UserRecord | null>>({ max: REMEMBERED, ttl: BELIEVED_MS })
  let batchedAt = Number.NEGATIVE_INFINITY
  const loader = new DataLoader<string, UserRecord | null>(loadBatch, {
    maxBatchSize: COLD_BATCH,
    batchScheduleFn: schedule,
    cache: false,
  })
  hot.onChange(({ before, after }) => {
    // What somebody hidden does changes nothing for others, not even how soon and whether they are answered (R31).
    if (isShown(before) || isShown(after)) remembered.delete(after.userId)
  })

  async function recall(userId: string, viewerId: string | null): Promise<UserRecord | null> {
    const remembering = remembered.get(userId)
    if (!remembering) return look(userId)
    const known = await remembering
    return known && isBlocked(known, viewerId) ? loader.load(userId) : known
  }

  function look(userId: string): Promise<UserRecord | null> {
    const loading = loader.load(userId)
    remembered.set(userId, loading)
    const forget = (): void => {
      if (remembered.peek(userId) === loading) remembered.delete(userId)
    }
    // Somebody may sign up any moment.
    loading.then((record) => (record && isForAll(record)) || forget(), forget)
    return loading
  }

  function schedule(run: () => void): void {
    const wait = batchedAt + BATCH_EVERY_MS - performance.now()
    const start = (): void => {
      batchedAt = performance.now()
      run()
    }
    if (wait <= 0) setImmediate(start)
    else setTimeout(start, wait)
  }

  async function loadBatch(userIds: readonly string[]): Promise<(UserRecord | null)[]> {
    const found = new Map((await durable.load([...new Set(userIds)])).map((record) => [record.userId, asCold(record)]))
    return userIds.map((userId) => found.get(userId) ?? null)
  }

  function asCold(record: UserRecord): UserRecord {
    const raised = raiseVersions(record, hot.versionFloor(record.userId))
    return presumeMs === null ? raised : presume(raised, hot.now() + presumeMs)
  }

  return {
    forget: (userId) => void remembered.delete(userId),
    forgetAll: () => remembered.clear(),
    load: (userId) => loader.load(userId),
    async loadMany(userIds, viewerId = null) {
      const records = await Promise.all(userIds.map((userId) => recall(userId, viewerId)))
      return records.filter((record) => record !== null)
    },
  }
}

/**
 * Whoever tells some more than others is not remembered: how soon, and whether, a viewer is answered would depend on what others could
 * be answered from the live store (R31).
 */
const isForAll = (record: UserRecord): boolean => !isShown(record) || isOpen(record.visibility.levels)

/** Whoever is blocked is not answered from what others remember, for the same reason. */
const isBlocked = ({ pairs }: UserRecord, viewerId: string | null): boolean =>
  viewerId !== null && pairWith(pairs, viewerId)?.blocked === true
