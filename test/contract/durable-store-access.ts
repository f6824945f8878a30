import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Access, OPEN_ACCESS, saidAt } from '../../src/domain/access.ts'
import { setAccess } from '../../src/domain/steps.ts'
import { newRecord } from '../../src/domain/user-record.ts'
import { type DurableStoreUnderTest, NOW, type OpenDurableStore, presentRecord } from './durable-store-people.ts'

const RULES = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 20,
}
const banned = (version: number): Access => ({ ...OPEN_ACCESS, bar: 'BANNED', version })
const unbanned = (version: number): Access => ({ ...OPEN_ACCESS, version })
const revoked = (tokensSince: number): Access => ({ ...OPEN_ACCESS, tokensSince })
const NOBODY = '00000000-0000-4000-8000-000000000000'

/** What every durable store promises about access. */
export function accessContract(open: OpenDurableStore): void {
  describe('access', () => {
    let under: DurableStoreUnderTest
    beforeEach(async () => {
      under = await open(null)
    })
    afterEach(() => under.close())

    const say = (userId: string, access: Access) => under.store.saveDecision({ kind: 'access', userId, access })
    const loaded = async (userId: string) => (await under.store.load([userId]))[0]

    test('R61 of the bar the newest word holds, of revocations the latest, whatever comes first', async () => {
      const user = await under.addUser()
      expect((await loaded(user))?.access).toEqual(OPEN_ACCESS)
      for (const access of [revoked(NOW), banned(9), unbanned(7), revoked(NOW - 5)]) await say(user, access)
      expect((await loaded(user))?.access).toEqual({ bar: 'BANNED', version: 9, tokensSince: NOW })
      await say(user, unbanned(10))
      expect((await loaded(user))?.access).toEqual({ bar: null, version: 10, tokensSince: NOW })
    })

    test('R61 somebody banned is loaded as strangers may see them, with and without a presence', async () => {
      const [fresh, known] = [await under.addUser({ last_activity: NOW }), await under.addUser()]
      await under.store.project([presentRecord(known)])
      for (const user of [fresh, known]) {
        await say(user, banned(NOW * 1000 + 9))
        expect((await loaded(user))?.stranger).toMatchObject({ status: 'offline', lastSeenAt: null, message: null })
      }
    })

    test('R61 nobody is banned who is not there', async () => {
      await expect(say(NOBODY, banned(5))).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
      const user = await under.addUser()
      expect(await under.store.missingUsers([user, NOBODY])).toEqual([NOBODY])
      expect(await under.store.missingUsers([])).toEqual([])
    })

    test('R61 what was said is read by when it was said, the oldest first', async () => {
      const [a, b, c] = [await under.addUser(), await under.addUser(), await under.addUser()]
      await say(b, revoked(NOW))
      await say(a, banned(saidAt(revoked(NOW)) - 50))
      await say(c, banned(10))
      const since = await under.store.accessSince(10, 5)
      expect(since.map(({ userId, access }) => [userId, access.bar, access.tokensSince])).toEqual([
        [a, 'BANNED', null],
        [b, null, NOW],
      ])
      expect(await under.store.accessSince(10, 1)).toEqual([since[0]])
      expect(await under.store.accessSince(since[1]?.saidAt ?? 0, 5)).toEqual([])
    })

    test('R61 a ban that was never stored comes with the projection; a deletion is not stored', async () => {
      const [user, gone] = [await under.addUser(), await under.addUser()]
      const hold = (userId: string, bar: 'BANNED' | 'USER_DELETED') =>
        setAccess(newRecord(userId), { ...OPEN_ACCESS, bar, version: NOW * 1000 }, NOW, RULES).record
      await under.store.project([hold(user, 'BANNED'), hold(gone, 'USER_DELETED')])
      expect((await loaded(user))?.access).toEqual(banned(NOW * 1000))
      expect((await loaded(gone))?.access).toEqual(OPEN_ACCESS)
    })
  })
}
