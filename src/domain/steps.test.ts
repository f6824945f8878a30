import { describe, expect, test } from 'vitest'
import type { Choice } from './presence.ts'
import type { Rules } from './rules.ts'
import type { Session } from './session.ts'
import { choose, connect, end, graceOf, lose, noteActivity, setVisible, touch } from './steps.ts'
import { newRecord, type Step, settle, type UserRecord } from './user-record.ts'

const RULES: Rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 3,
}
const T = 1_000_000

describe('connecting', () => {
  test('R1 the first session makes the user present, with one new view for each audience', () => {
    const { record, ended } = connect(newRecord('marta'), session('a'), T, RULES)
    expect(record).toMatchObject({ own: { status: 'online' }, stranger: { status: 'online' }, lastActivityAt: T })
    expect(record.version).toBe(T * 1_000)
    expect(ended).toEqual([])
  })

  test('R14 a second device changes no view', () => {
    const one = online('a')
    const { record: two } = connect(one, session('b'), T, RULES)
    expect(two.sessions).toHaveLength(2)
    expect([two.own, two.stranger]).toEqual([one.own, one.stranger])
  })

  test('R3 a device that is back within its grace makes no news, and its old session ends', () => {
    const lost = lose(online('a'), 'a', T + 5_000, T + 6_000, RULES).record
    const { record, ended } = connect(lost, session('b'), T + 9_000, RULES)
    expect(record.sessions.map(({ sessionId }) => sessionId)).toEqual(['b'])
    expect(ended).toMatchObject([{ session: { sessionId: 'a' }, endedAt: T + 5_000 }])
    expect([record.version, record.own, record.stranger]).toEqual([lost.version, lost.own, lost.stranger])
  })

  test('R3 coming back is no sign of use: whoever was idle is still away', () => {
    const idle = settleAt(online('a'), T + RULES.idleAfterMs)
    const lost = lose(idle, 'a', T + 300_000, T + 300_000, RULES).record
    const { record } = connect(lost, session('b'), T + 301_000, RULES)
    expect(record.own).toBe(idle.own)
    expect(record.own.status).toBe('away')
  })

  test('R3 only the same device ends a session in grace, and only one in grace', () => {
    const other = lose(online('a'), 'a', T, T, RULES).record
    expect(connect(other, session('b', { deviceId: 'phone' }), T, RULES).record.sessions).toHaveLength(2)
    expect(connect(online('a'), session('b'), T, RULES).record.sessions).toHaveLength(2)
  })

  test('R3 a session that names no device replaces none', () => {
    const lost = lose(online('a', { deviceId: null }), 'a', T, T, RULES).record
    expect(connect(lost, session('b', { deviceId: null }), T, RULES).record.sessions).toHaveLength(2)
  })

  test('R53 beyond maxSessionsPerUser the session idle for longest is evicted, not the newest', () => {
    const full = [session('a'), session('b'), session('c')].reduce(
      (record, one, n) => connect(record, one, T + n, RULES).record,
      newRecord('marta'),
    )
    const used = noteActivity(full, new Map([['a', T + 10]]), T + 10, RULES).record
    const { record, ended } = connect(used, session('d'), T + 20, RULES)
    expect(record.sessions.map(({ sessionId }) => sessionId)).toEqual(['a', 'c', 'd'])
    expect(ended).toMatchObject([{ session: { sessionId: 'b' }, endedAt: T + 20 }])
  })

  test('R2 running the step again after a conflict adds no second session', () => {
    const once = connect(newRecord('marta'), session('a'), T, RULES).record
    expect(connect(once, session('a'), T, RULES).record.sessions).toHaveLength(1)
  })
})

describe('leaving', () => {
  test('R3 a goodbye ends the session at once', () => {
    const { record, ended } = end(online('a'), new Set(['a']), T + 100, RULES)
    expect(record).toMatchObject({ own: { status: 'offline', lastSeenAt: T + 100 }, sessions: [], deadline: null })
    expect(ended).toMatchObject([{ session: { sessionId: 'a' }, endedAt: T + 100 }])
  })

  test.each([
    ['web', RULES.graceMs],
    ['desktop', RULES.graceMs],
    ['mobile', RULES.mobileGraceMs],
  ] as const)('R3 a lost %s session lives on for %d ms, and not longer', (deviceType, graceMs) => {
    expect(graceOf(deviceType, RULES)).toBe(graceMs)
    const lost = lose(online('a', { deviceType }), 'a', T, T, RULES).record
    expect(settleAt(lost, T + graceMs - 1).own.status).toBe('online')
    expect(settleAt(lost, T + graceMs).own.status).toBe('offline')
    expect(lost.deadline).toBe(T + graceMs)
  })

  test('R13 last seen after a loss is the last evidence, not the end of the grace', () => {
    const lost = lose(online('a'), 'a', T + 2_000, T + 7_000, RULES).record
    expect(settleAt(lost, T + 60_000)).toMatchObject({ lastSeenAt: T + 2_000, own: { lastSeenAt: T + 2_000 } })
  })

  test('R3 without a grace a loss ends the session by its evidence', () => {
    const { record, ended } = lose(online('a'), 'a', T + 10, T + 50, { ...RULES, graceMs: 0 })
    expect(record.own).toMatchObject({ status: 'offline', lastSeenAt: T + 10 })
    expect(ended).toMatchObject([{ endedAt: T + 10 }])
  })

  test('R2 the late goodbye of an old session does not touch a newer one', () => {
    const lost = lose(online('a'), 'a', T, T, RULES).record
    const back = connect(lost, session('b'), T + 1_000, RULES).record
    for (const late of [
      end(back, new Set(['a']), T + 2_000, RULES),
      lose(back, 'a', T + 2_000, T + 2_000, RULES),
      noteActivity(back, new Map([['a', T + 2_000]]), T + 2_000, RULES),
    ]) {
      expect(late.ended).toEqual([])
      expect(late.record).toEqual(back)
    }
  })

  test('R2 a second goodbye, and a second loss, change nothing', () => {
    const left = end(online('a'), new Set(['a']), T + 1, RULES).record
    expect(end(left, new Set(['a']), T + 2, RULES)).toEqual({ record: left, ended: [] })
    const lost = lose(online('a'), 'a', T, T, RULES).record
    expect(lose(lost, 'a', T + 5_000, T + 5_000, RULES).record).toEqual(lost)
  })

  test('R3 a goodbye in grace ends the session by its evidence', () => {
    const lost = lose(online('a'), 'a', T + 1_000, T + 2_000, RULES).record
    expect(end(lost, new Set(['a']), T + 3_000, RULES).record.lastSeenAt).toBe(T + 1_000)
  })

  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('R6 two last goodbyes, %s before %s, are one transition', (first, second) => {
    const both = connect(online('a'), session('b', { deviceId: 'phone' }), T, RULES).record
    const one = end(both, new Set([first]), T + 5, RULES).record
    const none = end(one, new Set([second]), T + 5, RULES).record
    expect([both, one, none].map(({ own }) => own.status)).toEqual(['online', 'online', 'offline'])
    expect(one.own).toBe(both.own)
  })

  test('R13 last seen is the last evidence, though another grace ends later than the session that gave it', () => {
    const both = connect(online('a'), session('b'), T, RULES).record
    const lost = lose(both, 'a', T + 50_000, T + 52_000, RULES).record
    const left = end(lost, new Set(['b']), T + 60_000, RULES).record
    expect(left.own.status).toBe('online')
    expect(settleAt(left, T + 62_000)).toMatchObject({ own: { status: 'offline' }, lastSeenAt: T + 60_000 })
  })

  test('R13 R53 beyond the limit a session in grace goes first, and ends by its evidence', () => {
    const rules = { ...RULES, maxSessionsPerUser: 2 }
    const both = connect(online('a'), session('b'), T + 1, rules).record
    const lost = lose(both, 'b', T + 2_000, T + 3_000, rules).record
    const { ended } = connect(lost, session('c'), T + 9_000, rules)
    expect(ended).toMatchObject([{ session: { sessionId: 'b' }, endedAt: T + 2_000 }])
  })
})

describe('using', () => {
  test('R22 whoever is active every 151 seconds costs at most 12 rows an hour', () => {
    let record = online('a')
    let rows = 0
    while (record.deadline !== null && record.deadline < T + 3_600_000) {
      const now = record.deadline
      const at = T + Math.floor((now - T) / 151_000) * 151_000
      const after = noteActivity(record, new Map([['a', at]]), now, RULES).record
      if (after.version !== record.version) rows += 1
      record = after
    }
    expect(rows).toBeGreaterThan(5)
    expect(rows).toBeLessThanOrEqual(12)
  })

  test('R12 an idle user who does something is online again', () => {
    const idle = settleAt(online('a'), T + 300_000)
    expect(idle.own.status).toBe('away')
    expect(noteActivity(idle, new Map([['a', T + 400_000]]), T + 400_000, RULES).record.own.status).toBe('online')
  })

  test('R7 a moment ahead of the clock counts as now, one behind what is known not at all', () => {
    const ahead = noteActivity(online('a'), new Map([['a', T + 9_999]]), T + 10, RULES).record
    expect([ahead.lastActivityAt, ahead.sessions[0]?.lastActivityAt]).toEqual([T + 10, T + 10])
    const behind = noteActivity(ahead, new Map([['a', T - 10]]), T + 20, RULES).record
    expect([behind.lastActivityAt, behind.sessions[0]?.lastActivityAt]).toEqual([T + 10, T + 10])
  })

  test('R12 a request counts for the session used last', () => {
    const both = connect(online('a'), session('b', { deviceId: 'phone' }), T + 10, RULES).record
    const { sessions } = touch(both, T + 20, RULES).record
    expect(sessions.map(({ lastActivityAt }) => lastActivityAt)).toEqual([T, T + 20])
  })

  test('R12 a request does not count for a session whose connection is lost', () => {
    const both = connect(online('a'), session('b', { deviceId: 'phone' }), T + 10, RULES).record
    const lost = lose(both, 'b', T + 11, T + 11, RULES).record
    const { sessions } = touch(lost, T + 20, RULES).record
    expect(sessions.map(({ lastActivityAt }) => lastActivityAt)).toEqual([T + 20, T + 10])
  })

  test('R12 a request of somebody without a connection moves last activity, and no view', () => {
    const away = newRecord('marta')
    const { record } = touch(away, T, RULES)
    expect(record).toMatchObject({ lastActivityAt: T, lastSeenAt: null, shown: { lastActivityAt: T } })
    expect([record.own, record.stranger]).toEqual([away.own, away.stranger])
  })

  test('R22 the next deadline of an active session is the coarse flush', () => {
    const rules = { ...RULES, activityFlushMs: 60_000 }
    const record = connect(newRecord('marta'), session('a'), T, rules).record
    expect(record.deadline).toBe(T + 60_000)
    const flushed = noteActivity(record, new Map([['a', T + 59_000]]), T + 60_000, rules).record
    expect(flushed.deadline).toBe(T + 119_000)
  })
})

describe('deciding', () => {
  test('R11 a choice shows, survives reconnecting, and is cleared by online', () => {
    const busy = choose(online('a'), choice({ status: 'dnd', message: 'on a ladder' }), T, RULES).record
    expect(busy.stranger).toMatchObject({ status: 'dnd', message: 'on a ladder' })
    const left = end(busy, new Set(['a']), T + 10, RULES).record
    expect(left.own).toMatchObject({ status: 'offline', message: null })
    const back = connect(left, session('b'), T + 20, RULES).record
    expect(back.own).toMatchObject({ status: 'dnd', message: 'on a ladder' })
    const free = choose(back, choice({ status: null, message: 'on a ladder', version: T * 2_000 }), T + 30, RULES)
    expect(free.record.own).toMatchObject({ status: 'online', message: 'on a ladder' })
  })

  test('R11 expiry clears status and message, at the deadline it set', () => {
    const busy = choose(online('a'), choice({ status: 'dnd', message: 'x', expiresAt: T + 500 }), T, RULES).record
    expect(busy.deadline).toBe(T + 500)
    expect(settleAt(busy, T + 499).own.status).toBe('dnd')
    const after = settleAt(busy, T + 500)
    expect(after.own).toMatchObject({ status: 'online', message: null })
    expect(after.choice).toMatchObject({ status: null, message: null, expiresAt: null })
    expect(after.version).toBeGreaterThan(busy.version)
  })

  test('R20 a decision reserved before an expiry is shown, though it lands after it', () => {
    const busy = choose(
      online('a'),
      choice({ status: 'dnd', expiresAt: T + 1_000, version: T * 1_000 }),
      T,
      RULES,
    ).record
    const reserved = { ...busy, version: T * 1_000 + 999_000 }
    const expired = settleAt(reserved, T + 1_000)
    const chosen = choose(expired, choice({ status: 'away', version: reserved.version }), T + 1_005, RULES).record
    expect(chosen.own.status).toBe('away')
  })

  test('R20 an older decision, or the same again, never replaces a newer one', () => {
    const busy = choose(online('a'), choice({ status: 'dnd', version: 10 }), T, RULES).record
    expect(choose(busy, choice({ status: 'away', version: 9 }), T, RULES).record).toEqual(busy)
    expect(choose(busy, choice({ status: 'away', version: 10 }), T, RULES).record).toEqual(busy)
    const hidden = setVisible(busy, false, 12, T, RULES).record
    expect(setVisible(hidden, true, 11, T, RULES).record).toEqual(hidden)
    expect(setVisible(hidden, true, 12, T, RULES).record).toEqual(hidden)
  })

  test('R15 a message without a status shows beside the activity', () => {
    const { own } = choose(online('a'), choice({ message: 'free at three' }), T, RULES).record
    expect(own).toMatchObject({ status: 'online', message: 'free at three' })
  })

  test('R30 hiding shows others somebody who was never here, and R33 the user their truth', () => {
    const { record } = setVisible(online('a'), false, T * 1_000, T + 1, RULES)
    expect(record.stranger).toMatchObject({ status: 'offline', lastSeenAt: null, message: null })
    expect(record.own).toMatchObject({ status: 'online' })
  })

  test('R31 nothing that a hidden user does moves the view of strangers', () => {
    const hidden = setVisible(online('a'), false, T * 1_000, T + 1, RULES).record
    const busy = choose(hidden, choice({ status: 'dnd', message: 'x', version: T * 2_000 }), T + 2, RULES).record
    const left = end(busy, new Set(['a']), T + 3, RULES).record
    expect(left.own).not.toEqual(hidden.own)
    expect([busy.stranger, left.stranger]).toEqual([hidden.stranger, hidden.stranger])
  })

  test('R32 un-hiding shows the last seen of before the hiding, never one from within', () => {
    const seen = end(online('a'), new Set(['a']), T + 100, RULES).record
    const hidden = setVisible(seen, false, T * 1_001, T + 200, RULES).record
    const here = connect(hidden, session('b'), T + 300, RULES).record
    const gone = end(here, new Set(['b']), T + 400, RULES).record
    const { record } = setVisible(gone, true, T * 1_002, T + 500, RULES)
    expect(record.stranger).toMatchObject({ status: 'offline', lastSeenAt: T + 100 })
    expect(record.own.lastSeenAt).toBe(T + 400)
    expect(record.visibility.since).toBe(T + 500)
  })

  test('R32 hiding twice keeps what was public, un-hiding twice moves nothing', () => {
    const hidden = setVisible(online('a'), false, T * 1_001, T + 1, RULES).record
    const again = setVisible(hidden, false, T * 1_002, T + 2, RULES).record
    expect(again.shown).toEqual(hidden.shown)
    const shown = setVisible(again, true, T * 1_003, T + 3, RULES).record
    expect(setVisible(shown, true, T * 1_004, T + 9, RULES).record.visibility.since).toBe(T + 3)
  })
})

const settleAt = (record: UserRecord, now: number): UserRecord => settle(record, record, now, RULES).record

const online = (sessionId: string, overrides: Partial<Session> = {}): UserRecord =>
  (connect(newRecord('marta'), session(sessionId, overrides), T, RULES) satisfies Step).record

/** A new session of Marta's laptop, unless told otherwise. */
function session(sessionId: string, overrides: Partial<Session> = {}): Session {
  const who = {
    sessionId,
    nodeId: 'n1',
    socketId: `socket-${sessionId}`,
    deviceId: 'laptop',
    deviceType: 'web',
  } as const
  return { ...who, connectedAt: T, lastActivityAt: 0, lost: null, ...overrides }
}

function choice(overrides: Partial<Choice>): Choice {
  return { status: null, message: null, expiresAt: null, version: T * 1_000, ...overrides }
}
