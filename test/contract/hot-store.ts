import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Session } from '../../src/domain/session.ts'
import { choose, connect, end, lose, noteActivity } from '../../src/domain/steps.ts'
import { newRecord, settle } from '../../src/domain/user-record.ts'
import type { HotStore, RecordChange, RecordStep } from '../../src/store/contract.ts'

const rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 20,
}

/** A hot store under test, with a clock that the test moves. */
export interface StoreUnderTest {
  readonly store: HotStore
  advance(ms: number): void
  close(): Promise<void>
}

/** What every hot store promises, whatever it is made of. */
export function hotStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`hot store: ${name}`, () => {
    let under: StoreUnderTest
    let store: HotStore

    beforeEach(async () => {
      under = await open()
      store = under.store
    })
    afterEach(() => under.close())

    const warm = (...users: string[]) => Promise.all(users.map((user) => store.warm(newRecord(user))))
    const comes = (user: string, sessionId: string, deviceId: string | null = null) =>
      store.change(user, (record, now) => connect(record, session(sessionId, deviceId, now), now, rules))
    const leaves = (user: string, sessionId: string) =>
      store.change(user, (record, now) => end(record, new Set([sessionId]), now, rules))
    const isLost = (user: string, sessionId: string) =>
      store.change(user, (record, now) => lose(record, sessionId, now, now, rules))
    const settles: RecordStep = (record, now) => settle(record, record, now, rules)

    test('a cold user is said to be cold, and nothing is invented', async () => {
      expect(await comes('alice', 's1')).toBeNull()
      expect(await store.stampVersion('alice')).toBeNull()
      expect(await store.read(['alice'])).toEqual(new Map())
    })

    test('a cold user begins with what is brought along, and only while nothing is live', async () => {
      const cold = { ...newRecord('alice'), lastSeenAt: 5 }
      const came = (sessionId: string) =>
        store.change('alice', (record, now) => connect(record, session(sessionId, null, now), now, rules), cold)
      const [first, second] = [await came('s1'), await came('s2')]
      expect([first?.before, second?.before]).toEqual([cold, first?.after])
      expect((await store.read(['alice'])).get('alice')?.sessions).toHaveLength(2)
    })

    test('warming never replaces what is live', async () => {
      await warm('alice')
      await comes('alice', 's1')
      await warm('alice')
      expect((await store.read(['alice'])).get('alice')?.sessions).toHaveLength(1)
    })

    test('R6 first connections at once, and last goodbyes at once, are one transition each', async () => {
      await warm('alice')
      const heard = transitions(store)
      await Promise.all(['s1', 's2', 's3'].map((id) => comes('alice', id)))
      await Promise.all(['s1', 's2', 's3'].map((id) => leaves('alice', id)))
      expect(heard).toEqual(['offline>online', 'online>offline'])
    })

    test('R32 own listeners have heard before the change resolves', async () => {
      await warm('alice')
      const heard = transitions(store)
      await comes('alice', 's1')
      expect(heard).toEqual(['offline>online'])
    })

    test('R4 what is due is handed out once, and only when its time has come', async () => {
      await warm('alice')
      await comes('alice', 's1')
      await isLost('alice', 's1')
      expect(await store.takeDue(10)).toEqual([])
      under.advance(rules.graceMs - 1)
      expect(await store.takeDue(10)).toEqual([])
      under.advance(1)
      expect(await store.takeDue(10)).toEqual(['alice'])
      expect(await store.takeDue(10)).toEqual([])
      await store.change('alice', settles)
      expect((await store.read(['alice'])).get('alice')?.own.status).toBe('offline')
    })

    test('R4 a deadline that moved is not due at its old time', async () => {
      await warm('alice')
      await comes('alice', 's1', 'phone')
      await isLost('alice', 's1')
      under.advance(5_000)
      await comes('alice', 's2', 'phone')
      under.advance(6_000)
      expect(await store.takeDue(10)).toEqual([])
    })

    test('R4 a user who was due and changed is due again at the next deadline', async () => {
      await warm('alice')
      await comes('alice', 's1')
      for (let round = 0; round < 3; round += 1) {
        under.advance(rules.activityFlushMs)
        expect(await store.takeDue(10)).toEqual(['alice'])
        await store.change('alice', (record, now) => noteActivity(record, new Map([['s1', now]]), now, rules))
      }
    })

    test('R4 what was handed out comes again when its change finds the clock stepped back', async () => {
      await warm('alice')
      await comes('alice', 's1')
      await isLost('alice', 's1')
      under.advance(rules.graceMs)
      expect(await store.takeDue(10)).toEqual(['alice'])
      under.advance(-1_000)
      await store.change('alice', settles)
      expect(await store.takeDue(10)).toEqual([])
      under.advance(1_000)
      expect(await store.takeDue(10)).toEqual(['alice'])
    })

    test('R7 versions only grow, also when the clock steps back', async () => {
      await warm('alice')
      const versions: number[] = []
      store.onChange(({ after }) => versions.push(after.version))
      await comes('alice', 's1')
      under.advance(-3_600_000)
      await leaves('alice', 's1')
      const stamped = await store.stampVersion('alice')
      await comes('alice', 's2')
      expect(stamped).toBeGreaterThan(versions[1] ?? Number.NaN)
      expect(versions).toEqual(versions.toSorted((a, b) => a - b))
      expect(new Set(versions).size).toBe(3)
    })

    test('R20 a decision shows only when it is newer than the one shown', async () => {
      await warm('alice')
      await comes('alice', 's1')
      const first = (await store.stampVersion('alice')) ?? 0
      const second = (await store.stampVersion('alice')) ?? 0
      const pick = (status: 'away' | 'dnd', version: number) =>
        store.change('alice', (record, now) =>
          choose(record, { status, message: null, expiresAt: null, version }, now, rules),
        )
      await pick('dnd', second)
      await pick('away', first)
      expect((await store.read(['alice'])).get('alice')?.own.status).toBe('dnd')
    })

    test('R21 who is unprojected is remembered until what was written is the newest', async () => {
      await warm('alice', 'bob')
      await comes('alice', 's1')
      await comes('bob', 's2')
      const written = await store.unprojected(10)
      expect(written.map(({ userId }) => userId).toSorted()).toEqual(['alice', 'bob'])
      await leaves('alice', 's1')
      await store.markProjected(written)
      expect((await store.unprojected(10)).map(({ userId }) => userId)).toEqual(['alice'])
    })

    test('R22 a change that nobody has to learn is not written', async () => {
      await warm('alice')
      await comes('alice', 's1')
      await comes('alice', 's2')
      await store.markProjected(await store.unprojected(10))
      await leaves('alice', 's2')
      await store.change('alice', (record, now) => noteActivity(record, new Map([['s1', now]]), now, rules))
      expect(await store.unprojected(10)).toEqual([])
    })

    test('R1 R6 any interleaving of devices that come and go ends in the truth, by one transition each way', async () => {
      const world = fc.array(
        fc.record({ device: fc.integer({ min: 0, max: 3 }), act: fc.constantFrom('come', 'leave', 'lose') }),
        { maxLength: 30 },
      )
      let round = 0
      await fc.assert(
        fc.asyncProperty(world, async (events) => {
          const user = `user-${round++}`
          await warm(user)
          const heard = transitions(store, user)
          await Promise.all(
            events.map(({ device, act }) => {
              const id = `${user}-${device}`
              if (act === 'come') return comes(user, id)
              return act === 'leave' ? leaves(user, id) : isLost(user, id)
            }),
          )
          const record = (await store.read([user])).get(user)
          expect(record?.own.status === 'offline').toBe(record?.sessions.length === 0)
          for (const [index, step] of heard.entries()) {
            expect(step).toBe(index % 2 === 0 ? 'offline>online' : 'online>offline')
          }
        }),
        { numRuns: 50 },
      )
    })
  })
}

const session = (sessionId: string, deviceId: string | null, now: number): Session => ({
  sessionId,
  deviceId,
  nodeId: 'node',
  socketId: `socket-${sessionId}`,
  deviceType: 'web' as const,
  connectedAt: now,
  lastActivityAt: now,
  lost: null,
})

/** Every change of a status that the store reports from now on, as `before>after`. */
function transitions(store: HotStore, userId?: string): string[] {
  const heard: string[] = []
  store.onChange(({ before, after }: RecordChange) => {
    if (userId !== undefined && after.userId !== userId) return
    if (before.own.status !== after.own.status) heard.push(`${before.own.status}>${after.own.status}`)
  })
  return heard
}
