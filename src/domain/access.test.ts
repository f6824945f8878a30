import { describe, expect, test } from 'vitest'
import { type Access, admit, mergeAccess, OPEN_ACCESS } from './access.ts'
import { connect, lose, setAccess, setVisible } from './steps.ts'
import { restate } from './node-steps.ts'
import type { Session } from './session.ts'
import { newRecord } from './user-record.ts'

const NOW = Date.UTC(2030, 0, 1, 12)
const RULES = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 20,
}
const said = (version: number, bar: 'BANNED' | null = 'BANNED') => ({ ...OPEN_ACCESS, bar, version })
const session = (sessionId: string): Session => ({
  sessionId,
  nodeId: 'a',
  socketId: sessionId,
  deviceId: null,
  deviceType: 'web',
  connectedAt: NOW,
  lastActivityAt: NOW,
  lost: null,
})
const online = connect(newRecord('ada'), session('s1'), NOW, RULES).record

describe('what was said of access', () => {
  test('R61 merges: of the bar the newer word holds, tokens are only ever revoked further', () => {
    const revoked = { ...OPEN_ACCESS, tokensSince: 50 }
    for (const all of [
      [said(7), said(9, null), revoked],
      [revoked, said(9, null), said(7)],
    ]) {
      expect(all.reduce<Access>(mergeAccess, OPEN_ACCESS)).toEqual({ bar: null, version: 9, tokensSince: 50 })
    }
    const held = { ...said(7), tokensSince: 60 }
    expect(mergeAccess(held, revoked)).toBe(held)
    expect(mergeAccess(held, said(7, null))).toBe(held)
  })

  test.each([
    [said(1), undefined, 'BANNED'],
    [{ ...said(1), bar: 'USER_DELETED' as const }, undefined, 'USER_NOT_FOUND'],
    [{ ...OPEN_ACCESS, tokensSince: 50 }, 49, 'UNAUTHENTICATED'],
    [{ ...OPEN_ACCESS, tokensSince: 50 }, null, 'UNAUTHENTICATED'],
  ])('R61 %j with a token of %s is refused as %s', (access, issuedAt, code) => {
    expect(() => admit(access, issuedAt)).toThrow(expect.objectContaining({ code, retryable: false }))
  })

  test('R61 lets in everybody else', () => {
    admit(OPEN_ACCESS, null)
    admit({ ...OPEN_ACCESS, tokensSince: 50 }, 50)
    admit({ ...OPEN_ACCESS, tokensSince: 50 })
    admit(said(2, null), 1)
  })
})

describe('a ban', () => {
  test('R61 ends all sessions at once, those in grace, too, and looks to others as if they hid', () => {
    const two = connect(online, session('s2'), NOW, RULES).record
    const inGrace = lose(two, 's2', NOW + 500, NOW + 1_000, RULES).record
    const { record, ended } = setAccess(inGrace, said(9), NOW + 2_000, RULES)
    expect(ended.map(({ session: { sessionId } }) => sessionId)).toEqual(['s1', 's2'])
    expect(record.revoked).toEqual([{ sessionId: 's1', at: NOW + 2_000, why: 'BANNED' }])
    expect(record.stranger).toMatchObject({ status: 'offline', lastSeenAt: null, message: null })
    expect(record.version).toBeGreaterThan(inGrace.version)
    expect(record.deadline).toBeNull()
  })

  test('R61 lets nobody in, by connecting or by standing anew', () => {
    const { record } = setAccess(online, said(9), NOW, RULES)
    expect(() => connect(record, session('s3'), NOW, RULES)).toThrow(expect.objectContaining({ code: 'BANNED' }))
    const own = { isOwn: () => true, standing: [session('s4')], gone: new Map() }
    const stated = restate(record, own, NOW, RULES)
    expect([stated.record.sessions, [...stated.revoked]]).toEqual([[], [['s4', 'BANNED']]])
  })

  test('R61 that an unban follows shows what may be seen, and of somebody who hides nothing', () => {
    const banned = setAccess(online, said(9), NOW + 1_000, RULES).record
    const back = setAccess(banned, said(10, null), NOW + 9_000, RULES).record
    expect(back.stranger).toMatchObject({ status: 'offline', lastSeenAt: NOW + 1_000 })
    const hidden = setVisible(banned, false, banned.version + 5, NOW + 2_000, RULES).record
    const shown = setAccess(hidden, said(10, null), NOW + 9_000, RULES).record
    expect(shown.stranger).toMatchObject({ status: 'offline', lastSeenAt: null })
    expect(shown.stranger.version).toBe(banned.stranger.version)
  })

  test('R61 said before a newer word changes nothing', () => {
    const open = setAccess(online, said(10, null), NOW, RULES).record
    const { record, ended } = setAccess(open, said(9), NOW + 1, RULES)
    expect([record.access.bar, ended]).toEqual([null, []])
  })

  test('R61 revoking tokens ends connections and lets in only what was issued since', () => {
    const { record, ended } = setAccess(online, { ...OPEN_ACCESS, tokensSince: NOW + 5 }, NOW + 5, RULES)
    expect(ended).toHaveLength(1)
    expect(record.revoked[0]?.why).toBe('SIGNED_OUT')
    expect(record.stranger.lastSeenAt).toBe(NOW + 5)
    const arrive = (issuedAt: number | null) => connect(record, session('s5'), NOW + 6, RULES, issuedAt)
    expect(() => arrive(NOW + 4)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }))
    expect(arrive(NOW + 5).record.own.status).toBe('online')
  })
})
