import { randomUUID } from 'node:crypto'
import { createClient, createCluster } from 'redis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endNode } from '../../src/domain/node-steps.ts'
import type { Session } from '../../src/domain/session.ts'
import { connect, end, lose, signOut } from '../../src/domain/steps.ts'
import { newRecord, settle, type UserRecord } from '../../src/domain/user-record.ts'
import type { RecordChange, RemoteChange, SharedHotStore } from '../../src/store/contract.ts'
import { BUCKETS, bucketOf, createKeys } from '../../src/store/redis/keys.ts'

const rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 20,
}
const LEASE_MS = 6_000

/** Opens another node on the same store. */
export type StartNode = (
  prefix: string,
  clock: () => number,
  onGap?: (missed: number) => void,
) => Promise<SharedHotStore>

/** What nodes that share a hot store promise each other, with two of them. */
export function sharedStoreContract(name: string, source: () => string | readonly string[], start: StartNode): void {
  describe(`shared hot store: ${name}`, () => {
    let now: number
    let prefix: string
    let gaps: number
    let a: SharedHotStore
    let b: SharedHotStore

    beforeEach(async () => {
      now = 1_800_000_000_000
      prefix = `test-${randomUUID()}`
      gaps = 0
      a = await start(prefix, () => now)
      b = await start(
        prefix,
        () => now,
        (missed) => {
          gaps += missed
        },
      )
    })
    afterEach(() => Promise.all([a.close(), b.close()]))

    const comes = (store: SharedHotStore, user: string, sessionId: string) =>
      store.change(user, (record, at) => connect(record, session(sessionId, store.nodeId(), at), at, rules))
    const leaves = (store: SharedHotStore, user: string, sessionId: string) =>
      store.change(user, (record, at) => end(record, new Set([sessionId]), at, rules))
    const statusOf = async (store: SharedHotStore, user: string) => (await store.read([user])).get(user)?.own.status

    /** Both stay in contact while time goes by; only those given renew their leases. */
    async function pass(ms: number, ...renewing: SharedHotStore[]): Promise<void> {
      for (let left = ms; left > 0; left -= 1_000) {
        now += Math.min(1_000, left)
        for (const store of renewing) expect(await store.renewLease()).toBe(true)
      }
    }

    test('R6 two nodes that see the first connection and the last goodbye at once make one transition each', async () => {
      const made: string[] = []
      for (const store of [a, b]) store.onChange((change) => made.push(...transitionOf(change)))
      for (let round = 0; round < 50; round += 1) {
        const user = `user-${round}`
        await Promise.all([a.warm(newRecord(user)), b.warm(newRecord(user))])
        await Promise.all([comes(a, user, `${user}-a`), comes(b, user, `${user}-b`)])
        await Promise.all([leaves(a, user, `${user}-a`), leaves(b, user, `${user}-b`)])
      }
      expect(made).toHaveLength(100)
      expect(made.filter((transition) => transition === 'offline>online')).toHaveLength(50)
    })

    test('R46 what one node changes the others hear, and nobody hears their own', async () => {
      const [byA, byB] = [heardBy(a), heardBy(b)]
      await a.warm(newRecord('alice'))
      const change = await comes(a, 'alice', 's1')
      await until(() => byB.length === 1)
      expect(byB[0]).toEqual({
        userId: 'alice',
        ...seenOf(change?.after),
        before: seenOf(change?.before),
        hasPairs: false,
        pairs: [],
        accessChanged: false,
        at: now,
        ended: [],
      })
      await comes(b, 'alice', 's2')
      await leaves(b, 'alice', 's2')
      expect([byA, byB.length]).toEqual([[], 1])
    })

    test('R5 nodes tell operators of each other: leases, what each says of itself, and who is gone', async () => {
      const report = { at: now, users: 3, sessions: 4, transitionsPerS: 0.5, projectionLagMs: 20 }
      await a.tellReport(report)
      const live = { schema: expect.any(Number), renewedAt: now, until: now + LEASE_MS }
      const seenByB = await b.nodes()
      expect(seenByB).toHaveLength(2)
      expect(seenByB).toContainEqual({ nodeId: a.nodeId(), isOwn: false, ...live, report })
      expect(seenByB).toContainEqual({ nodeId: b.nodeId(), isOwn: true, ...live, report: null })
      // Whoever leaves is not there any more; whoever dies is gone once somebody noticed.
      await a.warm(newRecord('alice'))
      await comes(a, 'alice', 's1')
      const renewedAt = now
      await pass(LEASE_MS + 1, b)
      expect((await b.nodes()).find(({ isOwn }) => !isOwn)).toMatchObject({ renewedAt, until: renewedAt + LEASE_MS })
      await b.survey(2_000)
      expect((await b.nodes()).find(({ isOwn }) => !isOwn)).toMatchObject({ schema: null, renewedAt, until: null })
      await b.leave()
      expect((await b.nodes()).map(({ isOwn }) => isOwn)).toEqual([false])
    })

    test('a sign-out tells the node of the session, which is not to take it up again', async () => {
      const byA = heardBy(a)
      await a.warm(newRecord('alice'))
      await comes(a, 'alice', 's1')
      await comes(b, 'alice', 's2')
      await b.change('alice', (record, at) => signOut(record, new Set(['s1']), at, rules))
      await until(() => byA.some(({ ended }) => ended.length > 0))
      expect(byA.at(-1)?.ended).toEqual([{ sessionId: 's1', endedAt: now, why: 'SIGNED_OUT' }])
      expect((await a.read(['alice'])).get('alice')?.revoked).toEqual([{ sessionId: 's1', at: now, why: 'SIGNED_OUT' }])
    })

    test('R46 news that were not heard are looked up as soon as the next one shows the gap', async () => {
      const byB = heardBy(b)
      const [first, second] = neighbours()
      await Promise.all([first, second].map((user) => a.warm(newRecord(user))))
      await comes(a, first, 's1')
      await until(() => byB.length === 1)
      // What the channel lost, the log still has.
      const news = await unheard(source(), prefix, bucketOf(first), second)
      await leaves(a, first, 's1')
      await until(() => byB.length === 3)
      expect([gaps, byB.map(({ userId }) => userId).toSorted()]).toEqual([1, [first, first, news].toSorted()])
    })

    test('R46 news that were not heard are found by a look at the log, too', async () => {
      const byB = heardBy(b)
      await a.warm(newRecord('alice'))
      await unheard(source(), prefix, bucketOf('alice'), 'alice')
      await b.checkLog()
      expect(byB.map(({ userId }) => userId)).toEqual(['alice'])
    })

    test('R46 others hear whom the directory describes otherwise, and of very many that they are', async () => {
      const [byA, byB]: [unknown[], unknown[]] = [[], []]
      a.onRelisted((changed) => byA.push(changed))
      b.onRelisted((changed) => byB.push(changed))
      const moved = { userId: 'alice', before: { cityId: '1', serviceIds: ['2'] }, after: null }
      await a.tellRelisted([moved])
      await a.tellRelisted(Array.from({ length: 101 }, () => moved))
      await until(() => byB.length === 2)
      expect([byA, byB]).toEqual([[], [[moved], null]])
    })

    test('R46 what the log has not any more is said to be in doubt', async () => {
      const doubts: string[] = []
      b.onDoubt((concern) => doubts.push(...['alice', 'someone else'].filter(concern)))
      await unheard(source(), prefix, bucketOf('alice'), 'alice', { forget: true })
      await b.checkLog()
      expect(doubts).toContain('alice')
      expect(doubts).not.toContain('someone else')
    })

    test('R5 what a node without a lease left is found by another one, by the last renewal', async () => {
      for (const user of ['alice', 'bob']) await a.warm(newRecord(user))
      await comes(a, 'alice', 's1')
      await comes(a, 'bob', 's2')
      await comes(b, 'bob', 's3')
      const died = now
      await pass(LEASE_MS - 1, b)
      expect(await b.survey(2_000)).toEqual([])
      await pass(2, b)
      const [abandoned, ...others] = await b.survey(2_000)
      expect(others).toEqual([])
      expect(abandoned).toMatchObject({ nodeId: a.nodeId(), evidenceAt: died })
      expect(abandoned?.userIds.toSorted()).toEqual(['alice', 'bob'])
      const dead = a.nodeId()
      const sweeps = ['alice', 'bob'].map((user) =>
        b.change(user, (record, at) => endNode(record, dead, died, at, rules)),
      )
      const [alice, bob] = await Promise.all(sweeps)
      expect([alice?.after.own, bob?.after.own.status]).toMatchObject([
        { status: 'offline', lastSeenAt: died },
        'online',
      ])
      expect(await b.survey(2_000)).toEqual([])
    })

    test('R5 a node that was away for longer than its lease finds out, and goes by another name', async () => {
      const name = a.nodeId()
      await pass(LEASE_MS + 1, b)
      await b.survey(2_000)
      expect(await a.renewLease()).toBe(false)
      await a.join()
      expect(a.nodeId()).not.toBe(name)
      expect([a.isOwnNode(name), b.isOwnNode(name)]).toEqual([true, false])
      expect(await a.renewLease()).toBe(true)
    })

    test('R5 nobody is declared dead by a node that was out of contact itself', async () => {
      await a.warm(newRecord('alice'))
      await comes(a, 'alice', 's1')
      now += LEASE_MS + 1
      const late = await start(prefix, () => now)
      expect(await late.survey(2_000)).toEqual([])
      await pass(LEASE_MS + 1, late)
      expect(await late.survey(2_000)).toHaveLength(1)
      await late.close()
    })

    test('R5 a lease that is missing without a trace gets the time to be taken anew', async () => {
      await a.warm(newRecord('alice'))
      await comes(a, 'alice', 's1')
      await pass(LEASE_MS + 1, a, b)
      await withRedis(source(), (redis) =>
        redis(createKeys(prefix).leases, 'HDEL', createKeys(prefix).leases, a.nodeId()),
      )
      expect(await b.survey(2_000)).toEqual([])
      await pass(LEASE_MS - 1, b)
      expect(await b.survey(2_000)).toEqual([])
      await pass(2, b)
      expect(await b.survey(2_000)).toMatchObject([{ nodeId: a.nodeId(), userIds: ['alice'] }])
    })

    test('R4 R21 deadlines and projections of a node that does not care are handed out by another one', async () => {
      await a.warm(newRecord('alice'))
      await comes(a, 'alice', 's1')
      await a.change('alice', (record, at) => lose(record, 's1', at, at, rules))
      expect([await b.takeDue(10), await b.unprojected(10)]).toEqual([[], []])
      now += rules.graceMs + 1_000
      await b.survey(2_000)
      expect(await b.takeDue(10)).toEqual([])
      now += 1_001
      await b.survey(2_000)
      expect(await b.takeDue(10)).toEqual(['alice'])
      expect(await b.takeDue(10)).toEqual([])
      await b.change('alice', (record, at) => settle(record, record, at, rules))
      expect(await statusOf(a, 'alice')).toBe('offline')
      const [record] = await b.unprojected(10)
      expect(record).toMatchObject({ userId: 'alice', own: { status: 'offline' } })
      await b.markProjected(record ? [record] : [])
      now += 10_000
      await b.survey(2_000)
      expect([await b.takeDue(10), await b.unprojected(10)]).toEqual([[], []])
    })

    test('R23 a store that lost everything is recognised; what comes after has higher versions', async () => {
      const forgot: string[] = []
      for (const store of [a, b]) store.onAmnesia((concern) => forgot.push(...['alice'].filter(concern)))
      await a.warm(newRecord('alice'))
      const before = await comes(a, 'alice', 's1')
      // The new server's clock is behind.
      now -= 3_600_000
      await withRedis(source(), (redis) => forgetBucket(redis, prefix, bucketOf('alice'), 'alice'))
      expect(await leaves(a, 'alice', 's1')).toBeNull()
      expect(forgot).toEqual(['alice'])
      expect(a.versionFloor('alice')).toBeGreaterThanOrEqual(before?.after.version ?? Number.NaN)
      await b.checkLog()
      expect(forgot).toEqual(['alice', 'alice'])
      expect(b.versionFloor('alice')).toBeGreaterThanOrEqual(before?.after.version ?? Number.NaN)
    })

    test('a record at rest that PostgreSQL has is forgotten after a while, a live one never', async () => {
      await Promise.all(['alice', 'bob'].map((user) => a.warm(newRecord(user))))
      await comes(a, 'alice', 's1')
      await comes(a, 'bob', 's2')
      await leaves(a, 'bob', 's2')
      const expiry = (user: string) =>
        withRedis(source(), (redis) => redis(createKeys(prefix).record(user), 'TTL', createKeys(prefix).record(user)))
      expect(await expiry('bob')).toBe(-1)
      await a.markProjected(await a.unprojected(10))
      expect(await expiry('bob')).toBeGreaterThan(0)
      expect(await expiry('alice')).toBe(-1)
      await comes(b, 'bob', 's3')
      expect(await expiry('bob')).toBe(-1)
    })

    test('one of many does what only one has to do', async () => {
      const claims = await Promise.all([a, b].map((store) => store.claim('task', 60_000)))
      expect(claims.filter((mine) => mine)).toHaveLength(1)
    })

    test('R46 a node is told which users the store holds under its name', async () => {
      await Promise.all(['alice', 'bob', 'carol'].map((user) => a.warm(newRecord(user))))
      await comes(a, 'alice', 's1')
      await comes(a, 'bob', 's2')
      await comes(b, 'carol', 's3')
      await leaves(a, 'bob', 's2')
      expect([await a.ownUsers(), await b.ownUsers()]).toEqual([['alice'], ['carol']])
    })
  })
}

const session = (sessionId: string, nodeId: string, now: number): Session => ({
  sessionId,
  nodeId,
  deviceId: null,
  socketId: `socket-${sessionId}`,
  deviceType: 'web' as const,
  connectedAt: now,
  lastActivityAt: now,
  lost: null,
})

const transitionOf = ({ before, after }: RecordChange): string[] =>
  before.own.status === after.own.status ? [] : [`${before.own.status}>${after.own.status}`]

function heardBy(store: SharedHotStore): RemoteChange[] {
  const heard: RemoteChange[] = []
  store.onRemoteChange((change) => heard.push(change))
  return heard
}

/** Two users of one bucket. */
function neighbours(): [string, string] {
  const seen = new Map<number, string>()
  for (let i = 0; i <= BUCKETS; i += 1) {
    const user = `neighbour-${i}`
    const other = seen.get(bucketOf(user))
    if (other !== undefined) return [other, user]
    seen.set(bucketOf(user), user)
  }
  throw new Error('more users than buckets, and no two in one')
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

type Redis = (key: string, ...args: string[]) => Promise<unknown>

async function withRedis<Result>(source: string | readonly string[], work: (redis: Redis) => Promise<Result>) {
  if (typeof source === 'string') {
    const client = await createClient({ url: source }).connect()
    return work((_key, ...args) => client.sendCommand(args)).finally(() => client.destroy())
  }
  const cluster = await createCluster({ rootNodes: source.map((url) => ({ url })) }).connect()
  return work((key, ...args) => cluster.sendCommand(key, false, args)).finally(() => cluster.destroy())
}

/** Puts news of a user into the log as a change would, without anybody hearing. @returns the user */
async function unheard(
  source: string | readonly string[],
  prefix: string,
  bucket: number,
  userId: string,
  { forget = false } = {},
): Promise<string> {
  const keys = createKeys(prefix)
  const view = ['online', null, null, 1_900_000_000_000_000]
  const news = { v: 1, n: 'another process', u: userId, o: view, t: view, z: true, at: 0 }
  await withRedis(source, async (redis) => {
    const seq = await redis(keys.meta(bucket), 'HINCRBY', keys.meta(bucket), 'seq', '1')
    if (forget) return
    await redis(keys.log(bucket), 'XADD', keys.log(bucket), `${String(seq)}-0`, 'n', JSON.stringify(news))
  })
  return userId
}

async function forgetBucket(redis: Redis, prefix: string, bucket: number, userId: string): Promise<void> {
  const keys = createKeys(prefix)
  const names = [keys.due, keys.dirty, keys.members, keys.meta, keys.log].map((name) => name(bucket))
  await redis(keys.record(userId), 'DEL', keys.record(userId), ...names)
}

/** What news tell of a record. */
const seenOf = (record: UserRecord | undefined) =>
  record && {
    own: record.own,
    contact: record.contact,
    stranger: record.stranger,
    visibility: { visible: record.visibility.visible, levels: record.visibility.levels },
  }
