import { randomUUID } from 'node:crypto'
import type { Concern, RemoteChange } from '../contract.ts'
import { BUCKET_NUMBERS, bucketOf, type Keys } from './keys.ts'
import type { Link } from './link.ts'
import { createListeners } from './listeners.ts'
import { decodeNews, isNewsAbout, isNewsOf } from './news-codec.ts'
import { SCRIPTS } from './scripts.ts'

/** What this node knows of one bucket. */
interface Bucket {
  /** '' before the bucket was attended to for the first time. */
  epoch: string
  /** The last news heard. */
  seq: number
  /** Versions given out in this epoch are above it. */
  floor: number
  /** The highest version seen. */
  highest: number
  /** News heard since the last look at the log. */
  heard: number
  /** Looks in a row that found news although none had been heard. */
  deaf: number
}

export interface ChangeLogOptions {
  readonly link: Link
  readonly keys: Keys
  /** The name under which this process signs its news. */
  readonly origin: string
  readonly now: () => number
  /** Called with the number of news that were not heard, and had to be looked up. */
  readonly onGap: (missed: number) => void
}

/** The news of all buckets, as this node follows them. */
export interface ChangeLog {
  /** Begins to follow. */
  open(): Promise<void>
  /** Compares what was heard with what happened, in every bucket. */
  check(): Promise<void>
  /** The same for one bucket, of which somebody has found that it lost everything. */
  attend(bucket: number): Promise<void>
  epochOf(userId: string): string
  floorOf(userId: string): number
  /** A version that exists. */
  saw(userId: string, version: number): void
  /** A change of this node may have been made, though nobody answered: its news are news to this node, too. */
  doubt(userId: string): void
  /** Takes the news of this user out of the log; whoever has not heard them yet compares with the store. */
  forget(userId: string): Promise<void>
  onRemoteChange(listener: (change: RemoteChange) => void): () => void
  onDoubt(listener: (concern: Concern) => void): () => void
  onAmnesia(listener: (concern: Concern) => void): () => void
  close(): void
}

const inBucket =
  (bucket: number): Concern =>
  (userId) =>
    bucketOf(userId) === bucket

/**
 * Follows the news on the shard channels. Each bucket numbers its own, so what was not heard is noticed by the next one, or by a look
 * at the number itself; the log has the latest ones, and what it has not any more is compared with the store (R46).
 */
export function createChangeLog({ link, keys, origin, now, onGap }: ChangeLogOptions): ChangeLog {
  const buckets = BUCKET_NUMBERS.map((): Bucket => ({ epoch: '', seq: 0, floor: 0, highest: 0, heard: 0, deaf: 0 }))
  const remoteChanges = createListeners<RemoteChange>()
  const doubts = createListeners<Concern>()
  const amnesias = createListeners<Concern>()
  /** Users of whom a commit of this node was not answered. */
  const uncertain = new Set<string>()
  const bucketAt = (bucket: number): Bucket => buckets[bucket] as Bucket
  let following = false

  function take(bucket: number, text: string): void {
    if (uncertain.size === 0 && isNewsOf(origin, text)) return
    const news = decodeNews(text)
    if (news === null) return doubts.tell(inBucket(bucket))
    const { userId, own, contact, stranger } = news.change
    if (news.origin === origin && !uncertain.delete(userId)) return
    saw(userId, Math.max(own.version, contact.version, stranger.version))
    remoteChanges.tell(news.change)
  }

  function saw(userId: string, version: number): void {
    const bucket = bucketAt(bucketOf(userId))
    bucket.highest = Math.max(bucket.highest, version)
  }

  /** @param message '<epoch> <seq> <news>' */
  function hear(bucket: number, message: string): void {
    const state = bucketAt(bucket)
    const [epoch = '', number = ''] = message.split(' ', 2)
    const seq = Number(number)
    if (epoch !== state.epoch) return void attend(bucket).catch(() => doubts.tell(inBucket(bucket)))
    state.heard += 1
    // Looked up already.
    if (seq <= state.seq) return
    const from = state.seq + 1
    state.seq = seq
    take(bucket, message.slice(epoch.length + number.length + 2))
    if (from < seq) void lookUp(bucket, from, seq - 1)
  }

  /** Reads news that were not heard. They come after newer ones; versions tell what is still news. */
  async function lookUp(bucket: number, from: number, to: number): Promise<void> {
    onGap(to - from + 1)
    try {
      const reply = await link.send(keys.log(bucket), 'XRANGE', keys.log(bucket), `${from}-0`, `${to}-0`)
      const entries = reply as [id: string, fields: [name: string, news: string]][]
      for (const [, [, news]] of entries) take(bucket, news)
      if (entries.length === to - from + 1) return
    } catch {
      // Said below.
    }
    doubts.tell(inBucket(bucket))
  }

  async function attend(bucket: number): Promise<void> {
    const state = bucketAt(bucket)
    const floor = Math.max(state.highest, Math.floor(now() * 1000))
    const reply = await link.run(SCRIPTS.attend, [keys.meta(bucket)], [randomUUID(), state.epoch, String(floor)])
    const [epoch, seq, storedFloor] = reply as [string, string, string]
    const isNew = state.epoch !== '' && state.epoch !== epoch
    state.floor = Number(storedFloor)
    if (state.epoch !== epoch) {
      state.epoch = epoch
      state.seq = Number(seq)
      if (isNew) amnesias.tell(inBucket(bucket))
    } else await catchUp(bucket, Number(seq))
  }

  async function catchUp(bucket: number, seq: number): Promise<void> {
    const state = bucketAt(bucket)
    const { heard } = state
    state.heard = 0
    if (seq === state.seq) return
    if (seq < state.seq) {
      // A server took over that had not been told everything.
      state.seq = seq
      doubts.tell(inBucket(bucket))
      return
    }
    const from = state.seq + 1
    state.seq = seq
    await lookUp(bucket, from, seq)
    // Once may be the moment; twice in a row it is deafness.
    state.deaf = heard === 0 ? state.deaf + 1 : 0
    if (state.deaf < 2) return
    state.deaf = 0
    link.listenAnew(keys.news(bucket))
  }

  async function forget(userId: string): Promise<void> {
    const key = keys.log(bucketOf(userId))
    const entries = (await link.send(key, 'XRANGE', key, '-', '+')) as [
      id: string,
      fields: [name: string, news: string],
    ][]
    const theirs = entries.filter(([, [, news]]) => isNewsAbout(userId, news)).map(([id]) => id)
    if (theirs.length > 0) await link.send(key, 'XDEL', key, ...theirs)
  }

  const listen = (bucket: number): Promise<void> =>
    link.subscribe(keys.news(bucket), (message) => {
      if (following) hear(bucket, message)
    })

  return {
    open: async () => {
      following = true
      await Promise.all(BUCKET_NUMBERS.map(listen))
      await Promise.all(BUCKET_NUMBERS.map(attend))
    },
    check: async () => {
      const outcomes = await Promise.allSettled(BUCKET_NUMBERS.map(attend))
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed) throw failed.reason
    },
    attend,
    epochOf: (userId) => bucketAt(bucketOf(userId)).epoch,
    floorOf: (userId) => bucketAt(bucketOf(userId)).floor,
    saw,
    doubt: (userId) => {
      uncertain.add(userId)
      doubts.tell((other) => other === userId)
    },
    forget,
    onRemoteChange: remoteChanges.add,
    onDoubt: doubts.add,
    onAmnesia: amnesias.add,
    close: () => {
      following = false
      for (const listeners of [remoteChanges, doubts, amnesias]) listeners.clear()
    },
  }
}
