import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Choice, currentChoice, deriveStatus, NO_CHOICE } from './presence.ts'
import type { Session } from './session.ts'
import type { Status } from './status.ts'

const NOW = 1_000_000
const IDLE_AFTER_MS = 60_000

const inUse = session({ lastActivityAt: NOW - 1_000 })
const idle = session({ lastActivityAt: NOW - IDLE_AFTER_MS })
const inGrace = session({ lost: { evidenceAt: NOW - 5_000, graceEndsAt: NOW + 1 } })
const over = session({ lost: { evidenceAt: NOW - 5_000, graceEndsAt: NOW } })
const dnd = choice({ status: 'dnd' })
const away = choice({ status: 'away' })

describe('deriveStatus', () => {
  test.each<[name: string, sessions: Session[], choice: Choice, expected: Status]>([
    ['R1 is offline without sessions', [], NO_CHOICE, 'offline'],
    ['R10 is offline without sessions, whatever was chosen', [], dnd, 'offline'],
    ['R1 is offline once every grace is over', [over, over], dnd, 'offline'],
    ['R3 is present while a lost session is in grace', [inGrace], NO_CHOICE, 'online'],
    ['R10 is online while one of several devices is in use', [idle, inUse], NO_CHOICE, 'online'],
    ['R10 is away when every live device is idle', [idle, idle], NO_CHOICE, 'away'],
    ['R10 does not count the activity of a session that is over', [idle, over], NO_CHOICE, 'away'],
    ['R10 shows a chosen dnd, however active', [inUse], dnd, 'dnd'],
    ['R10 shows a chosen away, however active', [inUse], away, 'away'],
    ['R10 shows a chosen dnd, however idle', [idle], dnd, 'dnd'],
    ['R11 follows activity again once the choice expired', [inUse], { ...dnd, expiresAt: NOW }, 'online'],
    ['R11 holds to a choice until it expires', [inUse], { ...dnd, expiresAt: NOW + 1 }, 'dnd'],
  ])('%s', (_name, sessions, chosen, expected) => {
    expect(status(sessions, chosen)).toBe(expected)
  })

  test('R10 is idle from the very millisecond on', () => {
    expect(status([session({ lastActivityAt: NOW - IDLE_AFTER_MS + 1 })], NO_CHOICE)).toBe('online')
    expect(status([session({ lastActivityAt: NOW - IDLE_AFTER_MS })], NO_CHOICE)).toBe('away')
  })

  test('R10 does not depend on the order of sessions', () => {
    const sessions = fc.shuffledSubarray([inUse, idle, inGrace, over])
    const twoOrders = sessions.chain((some) => fc.tuple(fc.constant(some), reordered(some)))
    fc.assert(
      fc.property(twoOrders, fc.constantFrom(NO_CHOICE, dnd, away), ([one, other], chosen) => {
        expect(status(one, chosen)).toBe(status(other, chosen))
      }),
    )
  })
})

describe('currentChoice', () => {
  test('R11 expiry clears status and message together and keeps the version', () => {
    const chosen = choice({ status: 'dnd', message: 'on a ladder', expiresAt: NOW })
    expect(currentChoice(chosen, NOW - 1)).toBe(chosen)
    expect(currentChoice(chosen, NOW)).toEqual({ status: null, message: null, expiresAt: null, version: 7 })
  })

  test('R11 a choice without expiry holds for good', () => {
    expect(currentChoice(dnd, Number.MAX_SAFE_INTEGER)).toBe(dnd)
  })
})

const status = (sessions: readonly Session[], chosen: Choice): Status =>
  deriveStatus({ sessions, choice: chosen, idleAfterMs: IDLE_AFTER_MS, now: NOW })

const reordered = (sessions: Session[]): fc.Arbitrary<Session[]> =>
  fc.shuffledSubarray(sessions, { minLength: sessions.length })

/** A live session in use, unless told otherwise. */
function session(overrides: Partial<Session>): Session {
  const who = { sessionId: 's1', nodeId: 'n1', socketId: 'k1', deviceId: null, deviceType: 'web' } as const
  return { ...who, connectedAt: 0, lastActivityAt: NOW, lost: null, ...overrides }
}

function choice(overrides: Partial<Choice>): Choice {
  return { status: null, message: null, expiresAt: null, version: 7, ...overrides }
}
