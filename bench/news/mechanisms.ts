import { createHash } from 'node:crypto'
import { bucketOf, createKeys } from '../../src/store/redis/keys.ts'
import type { Script } from '../../src/store/redis/scripts.ts'

/** Ways in which a node can learn of changes that another made. */
export const MECHANISMS = {
  none: 'nobody is told: what a change costs by itself',
  entry: 'a shard channel for each bucket carries the whole entry',
  named: 'the same with the user in front: only the entries of those who are watched are parsed',
  hint: 'a shard channel for each bucket carries user and version; who is watched is read again, in batches',
  woken: 'a shard channel for each bucket wakes; what is new is read from the logs, in batches',
  blocking: 'XREAD BLOCK on the logs of all buckets',
  channels: 'a shard channel for each user carries the whole entry',
} as const
export type Mechanism = keyof typeof MECHANISMS

export const keys = createKeys('news')
/** Another name, because what is said on it is other. */
export const channelOf = (userId: string): string => keys.record(userId)
export const newsOf = (bucket: number): string => keys.news(bucket)

export const userAt = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** What is told to others, about 600 bytes, and what is kept, about 1 KB. */
const ENTRY_PAD = 'e'.repeat(500)
const RECORD_PAD = 'r'.repeat(900)

/** @param at when it was made, by the machine's monotonic clock, in milliseconds */
export const entryOf = (userId: string, version: number, at: number): string =>
  JSON.stringify({ userId, version, at, pad: ENTRY_PAD })
export const recordOf = (userId: string, version: number, at: number): string =>
  JSON.stringify({ userId, version, at, pad: RECORD_PAD })

/** The same for all processes of a machine. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6

const COMMIT = `
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
local seq = redis.call('HINCRBY', KEYS[4], 'seq', 1)
redis.call('XADD', KEYS[5], 'MAXLEN', '~', 64, seq .. '-0', 'n', ARGV[4])`

const TELL: Readonly<Record<Mechanism, string>> = {
  none: '',
  entry: `redis.call('SPUBLISH', ARGV[5], seq .. ' ' .. ARGV[4])`,
  named: `redis.call('SPUBLISH', ARGV[5], seq .. ' ' .. ARGV[1] .. ' ' .. ARGV[4])`,
  hint: `redis.call('SPUBLISH', ARGV[5], seq .. ' ' .. ARGV[1] .. ' ' .. ARGV[3])`,
  woken: `redis.call('SPUBLISH', ARGV[5], seq)`,
  blocking: '',
  channels: `redis.call('SPUBLISH', ARGV[5], seq .. ' ' .. ARGV[4])`,
}

/** A change as Porchlight makes one: record, deadline, what is unwritten, number, log, and the word to others. */
export function commitScript(mechanism: Mechanism): Script {
  const text = `${COMMIT}\n${TELL[mechanism]}\nreturn seq`
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

export function commitOf(mechanism: Mechanism, userId: string, version: number) {
  const bucket = bucketOf(userId)
  const at = machineMs()
  const channel = mechanism === 'channels' ? channelOf(userId) : newsOf(bucket)
  return {
    keys: [keys.record(userId), keys.due(bucket), keys.dirty(bucket), keys.meta(bucket), keys.log(bucket)],
    args: [userId, recordOf(userId, version, at), String(version), entryOf(userId, version, at), channel],
  }
}
