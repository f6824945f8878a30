import { isDeepStrictEqual } from 'node:util'
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { PresenceError } from '../../domain/errors.ts'
import { NO_NODE } from '../../domain/session.ts'
import type { UserRecord } from '../../domain/user-record.ts'
import type { RecordChange } from '../contract.ts'
import type { ChangeLog } from './change-log.ts'
import { bucketOf, byBucket, type Keys } from './keys.ts'
import type { Link } from './link.ts'
import { encodeNews } from './news-codec.ts'
import { decodeRecord, encodeRecord, stampOf, type StoredRecord } from './record-codec.ts'
import { SCHEMA_VERSION } from './schema.ts'
import { SCRIPTS } from './scripts.ts'

export interface UserRecordsOptions {
  readonly link: Link
  readonly keys: Keys
  readonly log: ChangeLog
  readonly origin: string
  readonly nodeId: () => string
  readonly now: () => number
  readonly traceparent: () => string | undefined
}

/** The records themselves: read, and changed by comparing stamps. */
export interface UserRecords {
  read(userIds: readonly string[]): Promise<Map<string, UserRecord>>
  /** Keeps a record that nobody keeps yet. @returns whether it was this one */
  create(record: UserRecord): Promise<boolean>
  /**
   * @param draft makes the change from a record; may run again when somebody else was faster
   * @param cold what to begin with when nobody keeps such a record
   * @returns null when nobody does, and there is nothing to begin with
   */
  change(
    userId: string,
    draft: (record: UserRecord, now: number) => Drafted,
    cold?: UserRecord,
  ): Promise<RecordChange | null>
  /** What this node had last of somebody, for when the store lost it. */
  lastKnown(userId: string): UserRecord | undefined
  /** Somebody else changed it. */
  outdated(userId: string): void
}

export interface Drafted {
  readonly record: UserRecord
  readonly ended: RecordChange['ended']
  /** False for a version that is only reserved: PostgreSQL takes it with the decision itself. */
  readonly observed: boolean
}

/** Records remembered to spare reading them before a change: everybody who is connected here, on most nodes. */
const REMEMBERED = 50_000
/** Each round at least one of those who compete gets through. */
const MAX_ROUNDS = 200
/** Seconds for which a record at rest is kept for quick reading. */
export const RESTING_S = 900
/** News that the log of a bucket keeps, at least: some minutes of a busy system, 256 times. */
const LOGGED = 64
/** Keys read by one command; more would keep other commands waiting. */
const READ_AT_ONCE = 500

export function createUserRecords({
  link,
  keys,
  log,
  origin,
  nodeId,
  now,
  traceparent,
}: UserRecordsOptions): UserRecords {
  const remembered = new LRUCache<string, StoredRecord>({ max: REMEMBERED })
  let written = 0

  // Never the same twice: a record that was forgotten and comes again must not look unchanged.
  const newStamp = (): string => `${origin}.${((written += 1)).toString(36)}`

  function remember(userId: string, stored: StoredRecord): StoredRecord {
    remembered.set(userId, stored)
    log.saw(userId, stored.record.version)
    return stored
  }

  async function readMany(userIds: readonly string[]): Promise<[string, StoredRecord][]> {
    // On one server anything goes together; in a cluster a command stays in one slot.
    const groups = link.isCluster ? [...byBucket(userIds, (id) => id).values()] : [[...userIds]]
    const found = await Promise.all(groups.flatMap(chunks).map(readChunk))
    return found.flat()
  }

  async function readChunk(userIds: readonly string[]): Promise<[string, StoredRecord][]> {
    const names = userIds.map(keys.record)
    const values = (await link.send(names[0] ?? '', 'MGET', ...names)) as (string | null)[]
    return userIds.flatMap((userId, i): [string, StoredRecord][] => {
      const value = values[i]
      if (typeof value !== 'string') return []
      const known = remembered.get(userId)
      const stored = known?.stamp === stampOf(value) ? known : decodeRecord(userId, value)
      log.saw(userId, stored.record.version)
      if (known) remembered.set(userId, stored)
      if (stored.schema < SCHEMA_VERSION) rewrite(userId)
      return [[userId, stored]]
    })
  }

  /** Nodes of the version after the next one could not read it any more (R55). */
  function rewrite(userId: string): void {
    const asItIs = (record: UserRecord): Drafted => ({ record, ended: [], observed: false })
    // Whoever reads it next tries again.
    change(userId, asItIs).catch(() => {})
  }

  async function readOne(userId: string): Promise<StoredRecord | null> {
    const value = (await link.send(keys.record(userId), 'GET', keys.record(userId))) as string | null
    return value === null ? null : remember(userId, decodeRecord(userId, value))
  }

  async function change(
    userId: string,
    draft: (record: UserRecord, now: number) => Drafted,
    cold?: UserRecord,
  ): Promise<RecordChange | null> {
    let base = remembered.get(userId) ?? null
    let isFresh = base === null
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      base ??= (await readOne(userId)) ?? (cold ? unkept(cold) : null)
      if (base === null) return null
      const at = now()
      const { record: after, ended, observed } = draft(base.record, at)
      const made = { before: base.record, after, ended, at }
      if (base.stamp !== '' && isDeepStrictEqual(base.record, after) && base.schema >= SCHEMA_VERSION) {
        // That nothing changes is only true of the record as it is.
        if (isFresh) return made
        base = null
        isFresh = true
        continue
      }
      const reply = await commit(base, made, observed)
      if (reply === 'made') return made
      if (reply === 'cold') return null
      base = reply
      isFresh = true
    }
    throw busy()
  }

  /** @returns the record as it is now when somebody else was faster */
  async function commit(
    base: StoredRecord,
    change: RecordChange,
    observed: boolean,
  ): Promise<'made' | 'cold' | StoredRecord> {
    const { before, after } = change
    const { userId } = after
    const stamp = newStamp()
    const { value, json } = encodeRecord(after, stamp, base.json)
    const news = observed ? encodeNews(change, origin, nodeId(), traceparent()) : null
    const { added, removed } = moves(base.stamp === '' ? null : before, after)
    const isNew = observed && before.version !== after.version
    const args = [
      userId,
      log.epochOf(userId),
      base.stamp,
      value,
      after.deadline === null ? '' : String(after.deadline),
      isNew ? String(after.version) : '',
      String(RESTING_S),
      news ?? '',
      String(LOGGED),
      keys.news(bucketOf(userId)),
      String(added.length),
      ...added,
      ...removed,
    ]
    const reply = await send(userId, args)
    if (reply[0] === 'made') {
      remember(userId, { schema: SCHEMA_VERSION, stamp, record: after, json })
      return 'made'
    }
    remembered.delete(userId)
    if (reply[0] === 'forgotten') {
      await log.attend(bucketOf(userId))
      return 'cold'
    }
    const [, current] = reply
    return typeof current === 'string' ? remember(userId, decodeRecord(userId, current)) : 'cold'
  }

  async function send(userId: string, args: readonly string[]): Promise<[outcome: string, detail: unknown]> {
    const bucket = bucketOf(userId)
    const parts = [keys.due, keys.dirty, keys.members, keys.meta, keys.log].map((name) => name(bucket))
    try {
      return (await link.run(SCRIPTS.commit, [keys.record(userId), ...parts], args)) as [string, unknown]
    } catch (error) {
      // It may have been made all the same.
      remembered.delete(userId)
      log.doubt(userId)
      throw error
    }
  }

  return {
    read: async (userIds) => {
      if (userIds.length === 0) return new Map()
      return new Map((await readMany(userIds)).map(([userId, { record }]) => [userId, record]))
    },
    create: async (record) => {
      const reply = await commit(unkept(record), { before: record, after: record, ended: [], at: now() }, false)
      return reply === 'made'
    },
    change,
    lastKnown: (userId) => remembered.get(userId)?.record,
    outdated: (userId) => void remembered.delete(userId),
  }
}

/** A record that the store does not have yet. */
const unkept = (record: UserRecord): StoredRecord => ({ schema: SCHEMA_VERSION, stamp: '', record, json: {} })

/** Nodes that have sessions of this user now and had none, and the other way round. */
function moves(before: UserRecord | null, after: UserRecord): { added: string[]; removed: string[] } {
  const had = nodesOf(before)
  const has = nodesOf(after)
  return { added: [...has].filter((id) => !had.has(id)), removed: [...had].filter((id) => !has.has(id)) }
}

const nodesOf = (record: UserRecord | null): Set<string> =>
  new Set(record?.sessions.map((session) => session.nodeId).filter((id) => id !== NO_NODE))

function chunks<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = []
  for (let i = 0; i < items.length; i += READ_AT_ONCE) parts.push(items.slice(i, i + READ_AT_ONCE))
  return parts
}

const busy = (): PresenceError =>
  new PresenceError('STORE_UNAVAILABLE', 'Too many change the same user at once.', { retryable: true })

/** A name for this process, in stamps and news. */
export const newOrigin = (): string => randomBytes(6).toString('base64url')
