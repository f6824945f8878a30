import { BUCKET_NUMBERS, bucketOf, createKeys } from '../store/redis/keys.ts'

/** Slots of every Redis Cluster. */
const SLOTS = 16_384
/** A shard without a bucket would have nothing to do. */
export const MAX_SHARDS = BUCKET_NUMBERS.length

/**
 * The slot of a key: CRC16 (XMODEM) of what is in its first braces, if there is anything, else of the whole.
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
 */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  return crc16(open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key) % SLOTS
}

function crc16(text: string): number {
  let crc = 0
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff
  }
  return crc
}

/** The last slot of each shard, when they are dealt out in ranges as `redis-cli --cluster create` does. */
export const lastSlots = (shards: number): number[] =>
  Array.from({ length: shards }, (_, shard) =>
    shard === shards - 1 ? SLOTS - 1 : Math.round(((shard + 1) * SLOTS) / shards - 1),
  )

/** How many buckets each shard has then. */
export function bucketsByShard(shards: number): number[] {
  const keys = createKeys('porchlight')
  const ends = lastSlots(shards)
  const counts = ends.map(() => 0)
  for (const bucket of BUCKET_NUMBERS) {
    const slot = slotOf(keys.meta(bucket))
    const shard = ends.findIndex((end) => slot <= end)
    counts[shard] = (counts[shard] ?? 0) + 1
  }
  return counts
}

/** How evenly something is spread: the fullest part against the average one. */
export interface Evenness {
  readonly least: number
  readonly most: number
  /** The fullest, times the average. 1 is even. */
  readonly imbalance: number
}

export function evenness(counts: readonly number[]): Evenness {
  const average = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const most = Math.max(...counts)
  return { least: Math.min(...counts), most, imbalance: most / average }
}

/** How many of these users are in each bucket. */
export function usersByBucket(userIds: Iterable<string>): number[] {
  const counts = BUCKET_NUMBERS.map(() => 0)
  for (const userId of userIds) {
    const bucket = bucketOf(userId)
    counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  return counts
}

/** The same when slots are dealt out by hand, so that no shard has more than one bucket beyond another. */
export const dealtByHand = (shards: number): Evenness =>
  evenness(Array.from({ length: shards }, (_, shard) => Math.floor((MAX_SHARDS + shard) / shards)))
