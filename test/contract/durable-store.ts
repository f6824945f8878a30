import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NO_CHOICE } from '../../src/domain/presence.ts'
import { newRecord } from '../../src/domain/user-record.ts'
import { UNSEEN } from '../../src/domain/view.ts'
import { VISIBLE } from '../../src/domain/visibility.ts'
import type { DurableStore } from '../../src/store/contract.ts'
import {
  type DurableStoreUnderTest,
  hiddenRecord,
  MINUTE,
  NOW,
  offlineRecord,
  type OpenDurableStore,
  presentRecord,
  saveChoices,
  saveVisibility,
  sessionOf,
} from './durable-store-people.ts'
import { personalDataContract } from './durable-store-personal.ts'
import { accessContract } from './durable-store-access.ts'
import { levelsContract } from './durable-store-levels.ts'
import { providerSearchContract } from './durable-store-search.ts'

/** What every durable store promises, whatever it is made of. */
export function durableStoreContract(name: string, open: OpenDurableStore): void {
  describe(`durable store: ${name}`, () => {
    recordsContract(open)
    decisionsContract(open)
    sessionsContract(open)
    personalDataContract(open)
    accessContract(open)
    providerSearchContract(open)
    levelsContract(open)
  })
}

/** A store of its own for each test of a suite. */
function storeForEach(open: OpenDurableStore): DurableStoreUnderTest {
  let under: DurableStoreUnderTest
  beforeEach(async () => {
    under = await open(null)
  })
  afterEach(() => under.close())
  return {
    get store(): DurableStore {
      return under.store
    },
    addUser: (columns) => under.addUser(columns),
    hostRow: (userId) => under.hostRow(userId),
    writeHostRow: (userId, columns) => under.writeHostRow(userId, columns),
    close: () => under.close(),
  }
}

function recordsContract(open: OpenDurableStore): void {
  describe('records', () => {
    const under = storeForEach(open)

    test('R7 a record comes back exactly as it was projected, without its sessions', async () => {
      const user = await under.addUser()
      const record = presentRecord(user, { expiresAt: NOW + MINUTE })
      await under.store.project([record])
      expect(await under.store.load([user, user, randomUUID()])).toEqual([{ ...record, deadline: NOW + MINUTE }])
      expect(await under.hostRow(user)).toEqual({
        online_status: 'dnd',
        last_activity: NOW - 1,
        show_online_status: true,
        custom_status_message: 'back soon',
      })
    })

    test('users without a row of ours are as the host knows them; who hides there, is hidden', async () => {
      const open = await under.addUser({ last_activity: NOW })
      const hidden = await under.addUser({ last_activity: NOW, show_online_status: false })
      const loaded = new Map((await under.store.load([open, hidden])).map((record) => [record.userId, record]))
      expect(loaded.get(open)).toMatchObject({ version: 0, lastSeenAt: NOW, stranger: { lastSeenAt: NOW } })
      expect(loaded.get(hidden)).toMatchObject({ own: { lastSeenAt: NOW }, stranger: UNSEEN })
      await under.store.project([presentRecord(open)])
      await under.writeHostRow(open, { show_online_status: false })
      const [record] = await under.store.load([open])
      expect(record).toMatchObject({ visibility: { visible: false }, own: { status: 'dnd' } })
      expect(record?.stranger).toEqual({ ...UNSEEN, version: presentRecord(open).stranger.version + 1 })
    })

    test('R20 an older projection never replaces a newer one, in either order and within one batch', async () => {
      const [a, b, c] = [await under.addUser(), await under.addUser(), await under.addUser()]
      const newer = (user: string) => {
        const { choice, visibility } = presentRecord(user)
        return { ...offlineRecord(user, presentRecord(user).version + 5), choice, visibility }
      }
      await under.store.project([presentRecord(a)])
      await under.store.project([newer(a)])
      await under.store.project([newer(b)])
      await under.store.project([presentRecord(b)])
      await under.store.project([newer(c), presentRecord(c)])
      for (const user of [a, b, c]) {
        expect(await under.store.load([user])).toEqual([newer(user)])
        expect(await under.hostRow(user)).toMatchObject({ online_status: 'offline' })
      }
    })

    test('R13 what the host may show of the last activity never moves back', async () => {
      const user = await under.addUser()
      const record = presentRecord(user)
      await under.store.project([record])
      const older = { lastSeenAt: 5, lastActivityAt: 5, contactSeenAt: 5 }
      await under.store.project([{ ...record, version: record.version + 1, shown: older }])
      expect(await under.hostRow(user)).toMatchObject({ last_activity: NOW - 1 })
    })

    test('users who are not there: a decision says so, batches go on without them', async () => {
      const [gone, kept] = [randomUUID(), await under.addUser()]
      await expect(saveVisibility(under.store, gone, false, 1)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
      const [lost, held] = [sessionOf(gone), sessionOf(kept)]
      await under.store.project([presentRecord(gone), presentRecord(kept)])
      await under.store.saveSessions([lost, held])
      expect(await under.store.load([gone, kept])).toHaveLength(1)
      expect([...(await under.store.sessionDetails([lost.sessionId, held.sessionId])).keys()]).toEqual([held.sessionId])
    })
  })
}

function decisionsContract(open: OpenDurableStore): void {
  describe('decisions', () => {
    const under = storeForEach(open)

    test('R20 the newer of two choices stays, in either order, and a late projection does not undo it', async () => {
      const [a, b] = [await under.addUser(), await under.addUser()]
      const first = { status: 'dnd', message: 'first', expiresAt: null, version: NOW * 1000 } as const
      const second = { status: 'away', message: 'second', expiresAt: NOW + MINUTE, version: NOW * 1000 + 1 } as const
      await saveChoices(under.store, a, first, second)
      await saveChoices(under.store, b, second, first)
      for (const user of [a, b]) {
        expect(await under.store.load([user])).toMatchObject([{ choice: second, version: second.version }])
        // Observed after the decision was stored, but before it was shown.
        await under.store.project([{ ...presentRecord(user), version: second.version + 9, choice: first }])
        expect(await under.store.load([user])).toMatchObject([{ choice: second, version: second.version + 9 }])
        expect(await under.hostRow(user)).toMatchObject({ custom_status_message: 'second' })
      }
    })

    test('R32 hiding takes everything public away at once, and neither older decisions nor late projections bring it back', async () => {
      const user = await under.addUser()
      const record = presentRecord(user)
      await under.store.project([record])
      const hiddenAt = record.version + 10
      await saveVisibility(under.store, user, false, hiddenAt)
      await saveVisibility(under.store, user, true, hiddenAt - 1)
      await under.store.project([{ ...record, version: hiddenAt + 5 }])
      const [loaded] = await under.store.load([user])
      expect(loaded).toMatchObject({ visibility: { visible: false, version: hiddenAt }, own: { status: 'dnd' } })
      expect(loaded?.stranger).toEqual({ ...UNSEEN, version: hiddenAt })
      expect(loaded?.shown).toEqual(record.shown)
      expect(await under.hostRow(user)).toMatchObject({ show_online_status: false, online_status: 'dnd' })
    })

    test('R32 a hiding that was not taken is brought by the projection; un-hiding shows nothing by itself', async () => {
      const user = await under.addUser()
      const record = presentRecord(user)
      await under.store.project([record])
      const version = record.version + 10
      const visibility = { ...VISIBLE, visible: false, version }
      const others = { ...UNSEEN, version }
      await under.store.project([{ ...record, version, visibility, contact: others, stranger: others }])
      expect(await under.hostRow(user)).toMatchObject({ show_online_status: false })
      await saveVisibility(under.store, user, true, version + 1)
      expect(await under.hostRow(user)).toMatchObject({ show_online_status: true })
      expect((await under.store.load([user]))[0]?.stranger).toEqual({ ...UNSEEN, version })
    })

    test('R31 hiding somebody of whom nothing was shown moves no version that strangers see', async () => {
      const [known, fresh] = [await under.addUser(), await under.addUser({ last_activity: NOW })]
      await under.store.project([{ ...newRecord(known), version: 7 }])
      for (const user of [known, fresh]) {
        await saveVisibility(under.store, user, false, NOW * 1000)
        expect((await under.store.load([user]))[0]?.stranger).toEqual({ ...UNSEEN, version: 0 })
      }
    })

    test('R31 R37 a block comes back as it was decided, the newest word holding, and moves nothing that others see', async () => {
      const [user, viewer] = [await under.addUser(), await under.addUser()]
      const record = presentRecord(user)
      await under.store.project([record])
      const block = (blocked: boolean, version: number, floor: number) =>
        under.store.saveDecision({ kind: 'block', userId: user, viewerId: viewer, blocked, version, floor })
      const [first, second] = [record.version + 10, record.version + 20]
      await block(true, second, 5)
      await block(false, first, first)
      const [loaded] = await under.store.load([user])
      expect(loaded?.pairs).toEqual([{ viewerId: viewer, blocked: true, version: second, floor: 5 }])
      expect(loaded).toMatchObject({ stranger: record.stranger, contact: record.contact })
      // The same decision again, after the viewer had seen something: what they are told is newer than that.
      await block(true, second, second)
      await block(true, second, 5)
      expect((await under.store.load([user]))[0]?.pairs[0]).toMatchObject({ version: second, floor: second })
      await block(false, second + 1, 6)
      expect((await under.store.load([user]))[0]?.pairs[0]).toMatchObject({ blocked: false, floor: 6 })
    })

    test('R20 a first decision keeps what the host knew of the user', async () => {
      const user = await under.addUser({ last_activity: NOW })
      const [before] = await under.store.load([user])
      const choice = { ...NO_CHOICE, message: 'hello', version: NOW * 1000 }
      await saveChoices(under.store, user, choice)
      expect(await under.store.load([user])).toEqual([{ ...before, choice, version: choice.version }])
    })
  })
}

function sessionsContract(open: OpenDurableStore): void {
  describe('sessions', () => {
    const under = storeForEach(open)

    test("a session's last ping only moves forward, and its details stay as they were written first", async () => {
      const session = { ...sessionOf(await under.addUser()), ipAddress: '192.0.2.7', userAgent: 'Firefox' }
      await under.store.saveSessions([session])
      await under.store.saveSessions([
        { ...session, isActive: false, lastPing: NOW + 2 },
        { ...session, lastPing: NOW + 1 },
      ])
      await under.store.saveSessions([{ ...session, lastPing: NOW + 1, ipAddress: null }])
      expect([...(await under.store.sessionDetails([session.sessionId, randomUUID()]))]).toEqual([
        [session.sessionId, { ipAddress: '192.0.2.7', userAgent: 'Firefox', lastPing: NOW + 2 }],
      ])
      // Ended in the middle of a batch, it stays ended: nobody is left to end it.
      expect(await under.store.endLeftovers(NOW + MINUTE)).toBe(0)
    })

    test('R23 who is held as present, and which sessions as active, is read page by page', async () => {
      const users = await Promise.all([1, 2, 3].map(() => under.addUser()))
      const [away] = [await under.addUser()]
      await under.store.project([...users.map((user) => presentRecord(user)), offlineRecord(away, 5)])
      const sessions = [...users.map((user) => sessionOf(user)), { ...sessionOf(away), isActive: false }]
      await under.store.saveSessions(sessions)
      const first = await under.store.presentUsers(null, 2)
      const rest = await under.store.presentUsers(first[1] ?? null, 2)
      expect([first.length, [...first, ...rest].toSorted()]).toEqual([2, users.toSorted()])
      const [active] = await under.store.activeSessions(null, 1)
      const others = await under.store.activeSessions(active?.sessionId ?? null, 9)
      expect(new Set([active, ...others].map((row) => row?.userId))).toEqual(new Set(users))
      await under.store.endSessions(others.map(({ sessionId }) => sessionId))
      expect(await under.store.activeSessions(null, 9)).toEqual([active])
    })

    test('R8 leftovers end by the last evidence, never by the moment of the sweep', async () => {
      const [seen, hidden, away] = [await under.addUser(), await under.addUser(), await under.addUser()]
      await under.store.project([presentRecord(seen), hiddenRecord(hidden), offlineRecord(away, 5)])
      const sessions = [sessionOf(seen), sessionOf(hidden), { ...sessionOf(away), isActive: false }]
      await under.store.saveSessions(sessions)
      const aliveAt = NOW + MINUTE
      await under.store.recordAlive(aliveAt)
      await under.store.recordAlive(aliveAt - 1)
      const [before] = await under.store.load([hidden])
      expect(await under.store.endLeftovers(NOW + 10 * MINUTE)).toBe(2)
      expect(await under.store.endLeftovers(NOW + 11 * MINUTE)).toBe(0)
      const [record] = await under.store.load([seen])
      expect(record?.own).toMatchObject({ status: 'offline', lastSeenAt: aliveAt, message: null })
      expect(record?.stranger).toEqual({ ...record?.own, version: record?.version })
      expect(record).toMatchObject({ lastSeenAt: aliveAt, shown: { lastSeenAt: aliveAt } })
      expect(record?.version).toBe((NOW + 10 * MINUTE) * 1000)
      expect((await under.store.load([hidden]))[0]).toMatchObject({
        own: { status: 'offline', lastSeenAt: aliveAt },
        stranger: before?.stranger,
        shown: before?.shown,
      })
      expect((await under.store.load([away]))[0]?.version).toBe(5)
      expect(await under.hostRow(seen)).toMatchObject({ online_status: 'offline' })
      const details = await under.store.sessionDetails(sessions.map(({ sessionId }) => sessionId))
      expect(sessions.map(({ sessionId }) => details.get(sessionId)?.lastPing)).toEqual([aliveAt, aliveAt, NOW])
    })

    test('R8 without a word of the earlier process, the last ping is the evidence', async () => {
      const user = await under.addUser()
      await under.store.project([presentRecord(user)])
      await under.store.saveSessions([{ ...sessionOf(user), lastPing: NOW + 5 }])
      await under.store.endLeftovers(NOW + MINUTE)
      expect((await under.store.load([user]))[0]).toMatchObject({ lastSeenAt: NOW + 5, own: { lastSeenAt: NOW + 5 } })
    })

    test('R8 R13 a clock that stepped back dates no end into the future, and whoever un-hid since stays private before', async () => {
      const [late, shy] = [await under.addUser(), await under.addUser()]
      const at = NOW + 2 * MINUTE
      const unhidden = { ...VISIBLE, since: at, contactSince: at, version: NOW * 1000 + 1 }
      await under.store.project([presentRecord(late), { ...presentRecord(shy), visibility: unhidden }])
      await under.store.recordAlive(NOW + 10 * MINUTE)
      await under.store.endLeftovers(NOW + MINUTE)
      const [ended] = await under.store.load([late])
      expect(ended).toMatchObject({ lastSeenAt: NOW + MINUTE, stranger: { lastSeenAt: NOW + MINUTE } })
      const [kept] = await under.store.load([shy])
      expect(kept?.own.lastSeenAt).toBe(NOW + MINUTE)
      expect(kept?.stranger).toMatchObject({ status: 'offline', lastSeenAt: NOW - 2 })
    })
  })
}
