// A node that does nothing but hear of changes: as much of one as the ways to tell differ in.
import { BUCKET_NUMBERS, BUCKETS, byBucket } from '../../src/store/redis/keys.ts'
import type { Link } from '../../src/store/redis/link.ts'
import { serveVerbs } from '../processes/serve-verbs.ts'
import { channelOf, keys, machineMs, type Mechanism, newsOf, userAt } from './mechanisms.ts'
import { openLink } from './open-link.ts'
import type { NewsPlan, ReceiverVerbs } from './verbs.ts'

/** Where something is read after a word, words of this time go together. */
const BATCH_MS = 5
const BLOCK_MS = 500
/** Delays are counted in tenths of milliseconds. */
const STEPS = 100_000

/** The last version known of each watched user. */
const watched = new Map<string, number>()
const seqs = new Float64Array(BUCKETS)
const delays = new Uint32Array(STEPS + 1)
let messages = 0
let changes = 0
let gaps = 0

interface Told {
  readonly userId: string
  readonly version: number
  readonly at: number
}

/** The end of the way. */
function know({ userId, version, at }: Told): void {
  const known = watched.get(userId)
  if (known === undefined || known >= version) return
  watched.set(userId, version)
  changes++
  const step = Math.min(STEPS, Math.max(0, Math.round((machineMs() - at) * 10)))
  delays[step] = (delays[step] ?? 0) + 1
}

function count(bucket: number, seq: number): void {
  messages++
  const last = seqs[bucket] ?? 0
  if (last > 0 && seq > last + 1) gaps += seq - last - 1
  seqs[bucket] = seq
}

function takeEntry(bucket: number, message: string): void {
  const end = message.indexOf(' ')
  count(bucket, Number(message.slice(0, end)))
  know(JSON.parse(message.slice(end + 1)) as Told)
}

/** The name is looked for before anything else is read. */
function takeNamed(bucket: number, message: string): void {
  const end = message.indexOf(' ')
  count(bucket, Number(message.slice(0, end)))
  const from = message.indexOf(' ', end + 1)
  if (watched.has(message.slice(end + 1, from))) know(JSON.parse(message.slice(from + 1)) as Told)
}

/** Gathers things, and hands them on together. */
function batched<Thing>(handle: (things: readonly Thing[]) => void): (thing: Thing) => void {
  let waiting = new Set<Thing>()
  return (thing) => {
    if (waiting.size === 0) {
      setTimeout(() => {
        const things = [...waiting]
        waiting = new Set()
        handle(things)
      }, BATCH_MS)
    }
    waiting.add(thing)
  }
}

async function readAgain(link: Link, userIds: readonly string[]): Promise<void> {
  // In a cluster a command stays in one slot.
  const groups = link.isCluster ? [...byBucket(userIds, (id) => id).values()] : [userIds]
  await Promise.all(
    groups.map(async (group) => {
      const names = group.map(keys.record)
      const values = (await link.send(names[0] ?? '', 'MGET', ...names)) as (string | null)[]
      for (const value of values) if (value !== null) know(JSON.parse(value) as Told)
    }),
  )
}

type Reply = [key: string, entries: [id: string, fields: [name: string, entry: string]][]][] | null

function takeReply(reply: Reply): void {
  for (const [key, entries] of reply ?? []) {
    const bucket = Number(/\{b(\d+)\}/.exec(key)?.[1])
    for (const [id, [, entry]] of entries) {
      count(bucket, Number.parseInt(id, 10))
      know(JSON.parse(entry) as Told)
    }
  }
}

const sinceLast = (buckets: readonly number[]): string[] => [
  'STREAMS',
  ...buckets.map(keys.log),
  ...buckets.map((bucket) => `${seqs[bucket] ?? 0}-0`),
]

async function readLogs(link: Link, buckets: readonly number[]): Promise<void> {
  const groups = link.isCluster ? buckets.map((bucket) => [bucket]) : [buckets]
  await Promise.all(
    groups.map(async (group) => {
      takeReply((await link.send(keys.log(group[0] ?? 0), 'XREAD', ...sinceLast(group))) as Reply)
    }),
  )
}

async function readForever(link: Link): Promise<never> {
  for (;;) {
    const read = ['BLOCK', String(BLOCK_MS), ...sinceLast(BUCKET_NUMBERS)]
    takeReply((await link.send(keys.log(0), 'XREAD', ...read)) as Reply)
  }
}

const eachBucket = (link: Link, hear: (bucket: number, message: string) => void): Promise<unknown> =>
  Promise.all(BUCKET_NUMBERS.map((bucket) => link.subscribe(newsOf(bucket), (message) => hear(bucket, message))))

const fail = (error: unknown): never => {
  throw error
}

const LISTEN: Readonly<Record<Mechanism, (link: Link) => Promise<unknown>>> = {
  none: async () => {},
  entry: (link) => eachBucket(link, takeEntry),
  named: (link) => eachBucket(link, takeNamed),
  hint: (link) => {
    const later = batched<string>((userIds) => void readAgain(link, userIds).catch(fail))
    return eachBucket(link, (bucket, message) => {
      const [seq, userId = ''] = message.split(' ')
      count(bucket, Number(seq))
      if (watched.has(userId)) later(userId)
    })
  },
  woken: (link) => {
    const later = batched<number>((buckets) => void readLogs(link, buckets).catch(fail))
    return eachBucket(link, (bucket) => later(bucket))
  },
  blocking: async (link) => void readForever(link).catch(fail),
  channels: (link) =>
    Promise.all(
      [...watched.keys()].map((userId) =>
        link.subscribe(channelOf(userId), (message) => {
          messages++
          know(JSON.parse(message.slice(message.indexOf(' ') + 1)) as Told)
        }),
      ),
    ),
}

function delayAt(share: number): number {
  let seen = 0
  for (let step = 0; step <= STEPS; step++) {
    seen += delays[step] ?? 0
    if (seen > 0 && seen >= share * changes) return step / 10
  }
  return Number.NaN
}

const verbs: ReceiverVerbs = {
  async open({ urls, mechanism, watched: many }: NewsPlan) {
    for (let n = 0; n < many; n++) watched.set(userAt(n), 0)
    const link = await openLink(urls)
    const since = performance.now()
    await LISTEN[mechanism](link)
    return performance.now() - since
  },
  reset() {
    delays.fill(0)
    messages = changes = gaps = 0
  },
  heard: () => ({ messages, changes, gaps, p50Ms: delayAt(0.5), p99Ms: delayAt(0.99) }),
}

serveVerbs(verbs)
