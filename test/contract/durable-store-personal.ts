import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { erase } from '../../src/domain/erase.ts'
import type { AuditLine, SessionRow, SessionTrace } from '../../src/store/contract.ts'
import {
  type DurableStoreUnderTest,
  MINUTE,
  NOW,
  type OpenDurableStore,
  presentRecord,
  saveChoices,
  saveVisibility,
  sessionOf,
} from './durable-store-people.ts'

const DAY = 86_400_000
const RULES = { graceMs: 0, mobileGraceMs: 0, idleAfterMs: MINUTE, activityFlushMs: MINUTE, maxSessionsPerUser: 20 }
const coarse = ({ ipAddress }: SessionTrace): SessionTrace => ({ ipAddress: ipAddress && 'some', userAgent: null })
const lineOf = (action: AuditLine['action'], at: number): AuditLine => ({
  action,
  askedBy: 'self',
  proof: randomUUID(),
  at,
})

/** How personal data is shortened, deleted, handed out and erased (R35). */
export function personalDataContract(open: OpenDurableStore): void {
  describe('personal data', () => {
    let under: DurableStoreUnderTest
    beforeEach(async () => {
      under = await open(null)
    })
    afterEach(() => under.close())

    const begun = (userId: string, daysAgo: number, more: Partial<SessionRow> = {}): SessionRow => {
      const connectedAt = NOW - daysAgo * DAY
      const trace = { ipAddress: '192.0.2.7', userAgent: 'Firefox' }
      return { ...sessionOf(userId), ...trace, connectedAt, lastPing: connectedAt, isActive: false, ...more }
    }
    const traceOf = async ({ sessionId }: SessionRow) => {
      const found = (await under.store.sessionDetails([sessionId])).get(sessionId)
      return found && [found.ipAddress, found.userAgent]
    }

    test('R35 sessions are shortened by their age, in parts, each once', async () => {
      const user = await under.addUser()
      const [old, older, young] = [begun(user, 31), begun(user, 40, { isActive: true }), begun(user, 29)]
      await under.store.saveSessions([old, older, young])
      const moments = { shortened: NOW - 30 * DAY, deleted: NOW - 90 * DAY }
      expect(await under.store.countOldSessions(moments)).toEqual({ shortened: 2, deleted: 0 })
      expect(await under.store.shortenSessions(moments.shortened, 1, coarse)).toBe(1)
      expect([await traceOf(old), await traceOf(older)]).toEqual([
        ['192.0.2.7', 'Firefox'],
        ['some', null],
      ])
      expect(await under.store.shortenSessions(moments.shortened, 5, coarse)).toBe(1)
      expect(await under.store.shortenSessions(moments.shortened, 5, coarse)).toBe(0)
      expect(await traceOf(old)).toEqual(['some', null])
      expect(await traceOf(young)).toEqual(['192.0.2.7', 'Firefox'])
      expect(await under.store.countOldSessions(moments)).toEqual({ shortened: 0, deleted: 0 })
    })

    test('R35 a late write brings back nothing that was shortened, were it the first one', async () => {
      const user = await under.addUser()
      const [known, late] = [begun(user, 31), begun(user, 32)]
      await under.store.saveSessions([known])
      await under.store.shortenSessions(NOW - 30 * DAY, 5, coarse)
      await under.store.saveSessions([known, late])
      expect([await traceOf(known), await traceOf(late)]).toEqual([
        ['some', null],
        [null, null],
      ])
    })

    test('R35 sessions that are over are deleted by their age, in parts; one that lasts stays', async () => {
      const user = await under.addUser()
      const [gone, lasting, young] = [begun(user, 91), begun(user, 95, { isActive: true }), begun(user, 89)]
      await under.store.saveSessions([gone, begun(user, 92), lasting, young])
      const moments = { shortened: NOW - 30 * DAY, deleted: NOW - 90 * DAY }
      expect(await under.store.countOldSessions(moments)).toEqual({ shortened: 2, deleted: 2 })
      expect(await under.store.deleteSessions(moments.deleted, 1)).toBe(1)
      expect(await under.store.deleteSessions(moments.deleted, 5)).toBe(1)
      expect(await under.store.deleteSessions(moments.deleted, 5)).toBe(0)
      const left = await Promise.all([traceOf(gone), traceOf(lasting), traceOf(young)])
      expect(left.map((trace) => trace !== undefined)).toEqual([false, true, true])
    })

    test('R35 an export has the rows of one user, and of nobody else', async () => {
      const [user, other] = [await under.addUser({ last_activity: NOW }), await under.addUser()]
      await under.store.project([presentRecord(user), presentRecord(other)])
      const own = begun(user, 1)
      await under.store.saveSessions([own, begun(other, 1)])
      const data = await under.store.exportUser(user, lineOf('export', NOW))
      expect(data?.['user_sessions']).toHaveLength(1)
      expect(data?.['porchlight_presence']).toHaveLength(1)
      expect(data?.['users']).toMatchObject([{ online_status: 'dnd', custom_status_message: 'back soon' }])
      expect(JSON.stringify(data)).toContain(own.sessionId)
      expect(JSON.stringify(data)).not.toContain(other)
      expect(await under.store.exportUser(randomUUID(), lineOf('export', NOW))).toBeNull()
    })

    test('R35 R7 an erased user is as if never here, and nothing of before comes back, however late', async () => {
      const user = await under.addUser({ last_activity: NOW - MINUTE })
      const before = presentRecord(user)
      await under.store.project([before])
      const session = begun(user, 1)
      await under.store.saveSessions([session])
      await saveVisibility(under.store, user, false, before.version + 1)
      const erasedAt = NOW + MINUTE
      const { record: erased } = erase({ ...before, version: before.version + 1 }, erasedAt, RULES)
      expect(await under.store.eraseUser(erased, lineOf('erase', erasedAt))).toBe(2)

      const late = { ...before, version: erased.version - 1 }
      await under.store.project([late])
      await saveChoices(under.store, user, { ...before.choice, message: 'late', version: erased.version - 1 })
      await saveVisibility(under.store, user, false, erased.version - 1)
      await under.store.saveSessions([session, begun(user, 0)])
      expect(await under.hostRow(user)).toEqual({
        online_status: 'offline',
        last_activity: null,
        show_online_status: true,
        custom_status_message: null,
      })
      expect(await under.store.load([user])).toEqual([{ ...erased, revoked: [] }])
      expect(await traceOf(session)).toBeUndefined()
      const stored = JSON.stringify(await under.store.exportUser(user, lineOf('export', erasedAt)))
      expect(stored).not.toMatch(/192\.0\.2|Firefox|soon|late/)
      expect(await under.store.eraseUser(erased, lineOf('erase', erasedAt))).toBe(1)
    })

    test('R35 whoever comes back after an erasure keeps what is new', async () => {
      const user = await under.addUser()
      const before = presentRecord(user)
      await under.store.project([before])
      const { record: erased } = erase(before, NOW + MINUTE, RULES)
      const back = { ...presentRecord(user), version: erased.version + 5, visibility: erased.visibility }
      const choice = { ...before.choice, message: 'new', version: erased.version + 4 }
      await under.store.project([{ ...back, choice }])
      await under.store.eraseUser(erased, lineOf('erase', NOW + MINUTE))
      const session = begun(user, -1)
      await under.store.saveSessions([session])
      expect((await under.store.load([user]))[0]).toMatchObject({ version: back.version, choice: { message: 'new' } })
      expect(await under.hostRow(user)).toMatchObject({ online_status: 'dnd', custom_status_message: 'new' })
      expect(await traceOf(session)).toEqual(['192.0.2.7', 'Firefox'])
    })
  })
}
