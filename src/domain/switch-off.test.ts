import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rules } from './rules.ts'
import type { Session } from './session.ts'
import { connect, end, lose, setVisible } from './steps.ts'
import { isRemembered, switchOff, unseen } from './switch-off.ts'
import { newRecord, settle, type UserRecord } from './user-record.ts'
import { looksSame, UNSEEN } from './view.ts'

const RULES: Rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 3,
}
const T = 1_000_000
const NONE: ReadonlySet<string> = new Set()

const session = (sessionId: string, at = T): Session => ({
  sessionId,
  nodeId: `node of ${sessionId}`,
  socketId: 'socket',
  deviceId: null,
  deviceType: 'web',
  connectedAt: at,
  lastActivityAt: at,
  lost: null,
})
const online = (...ids: string[]): UserRecord =>
  ids.reduce((record, id) => connect(record, session(id), T, RULES).record, newRecord('marta'))
const shownNothing = ({ stranger, contact }: UserRecord): boolean =>
  looksSame(stranger, UNSEEN) && looksSame(contact, UNSEEN)

describe('switching off', () => {
  test('R71 ends the sessions, and others see somebody who was never here, under a newer version', () => {
    const before = online('a', 'b')
    const { record, ended } = switchOff(before, new Set(['a', 'b']), T + 5_000, RULES)
    expect(ended.map((one) => one.session.sessionId)).toEqual(['a', 'b'])
    expect(record).toMatchObject({ sessions: [], own: { status: 'offline', lastSeenAt: T + 5_000 } })
    expect(shownNothing(record)).toBe(true)
    expect(record.stranger.version).toBeGreaterThan(before.stranger.version)
  })

  test('R71 leaves a session that another node holds, which says itself what becomes of it', () => {
    const first = switchOff(online('a', 'b'), new Set(['a']), T + 5_000, RULES).record
    expect(first.sessions.map(({ sessionId }) => sessionId)).toEqual(['b'])
    expect(first.stranger.status).toBe('online')
    expect(switchOff(first, NONE, T + 5_001, RULES).record.stranger).toBe(first.stranger)
    expect(shownNothing(switchOff(first, new Set(['b']), T + 5_002, RULES).record)).toBe(true)
  })

  test('R71 ends what is in grace, whose connection nobody holds', () => {
    const lost = lose(online('a'), 'a', T + 1_000, T + 1_000, RULES).record
    const { record } = switchOff(lost, NONE, T + 2_000, RULES)
    expect([record.sessions, shownNothing(record)]).toEqual([[], true])
  })

  test('R71 takes back when somebody was seen who is not here, once', () => {
    const gone = end(online('a'), new Set(['a']), T + 1_000, RULES).record
    expect(isRemembered(gone)).toBe(true)
    const { record } = switchOff(gone, NONE, T + 2_000, RULES)
    expect(shownNothing(record)).toBe(true)
    expect(switchOff(record, NONE, T + 3_000, RULES).record).toEqual(record)
  })

  test('R32 R71 whoever is back is shown from then on, and nothing older', () => {
    const off = switchOff(online('a'), new Set(['a']), T + 5_000, RULES).record
    const later = settle(off, off, T + 60_000, RULES).record
    expect(shownNothing(later)).toBe(true)
    const back = connect(later, session('c', T + 600_000), T + 600_000, RULES).record
    expect(back.stranger).toMatchObject({ status: 'online', lastSeenAt: T + 600_000 })
    expect(back.stranger.version).toBeGreaterThan(off.stranger.version)
  })

  test('R30 R71 whoever hid looks the same before and after, and still hides', () => {
    const hidden = setVisible(online('a'), false, T * 1_000 + 1, T, RULES).record
    const { record } = switchOff(hidden, new Set(['a']), T + 5_000, RULES)
    expect(record.stranger).toBe(hidden.stranger)
    expect(record.visibility).toMatchObject({ visible: false, version: hidden.visibility.version })
  })

  test('R71 whatever happened before, others are shown nothing after', () => {
    const happening = fc.oneof(
      fc.record({ kind: fc.constant('connect' as const), id: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('lose' as const), id: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('end' as const), id: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('show' as const), id: fc.constantFrom('yes', 'no') }),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(happening, fc.integer({ min: 0, max: 400_000 })), { maxLength: 12 }), (history) => {
        let at = T
        let record = newRecord('marta')
        for (const [{ kind, id }, after] of history) {
          at += after
          if (kind === 'connect') record = connect(record, session(id, at), at, RULES).record
          if (kind === 'lose') record = lose(record, id, at, at, RULES).record
          if (kind === 'end') record = end(record, new Set([id]), at, RULES).record
          if (kind === 'show') record = setVisible(record, id === 'yes', at * 1_000 + 500, at, RULES).record
        }
        const off = switchOff(record, new Set(['a', 'b', 'c']), at, RULES).record
        expect(off.sessions).toEqual([])
        expect(shownNothing(off)).toBe(true)
        expect(off.stranger.version).toBeGreaterThanOrEqual(record.stranger.version)
        // Time alone brings nothing back.
        expect(shownNothing(settle(off, off, at + 1_000_000, RULES).record)).toBe(true)
      }),
    )
  })
})

describe('who is off and not here', () => {
  test('R71 looks like somebody who was never here, and keeps what they see of themself', () => {
    const gone = end(online('a'), new Set(['a']), T + 1_000, RULES).record
    const masked = unseen(gone)
    expect(shownNothing(masked)).toBe(true)
    expect(masked.contact).toBe(masked.stranger)
    expect([masked.own, masked.stranger.version]).toEqual([gone.own, gone.stranger.version])
  })

  test('R71 somebody who is here, or of whom nothing is known, is not looked at', () => {
    expect([isRemembered(online('a')), isRemembered(newRecord('marta'))]).toEqual([false, false])
  })
})
