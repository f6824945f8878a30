import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rules } from './rules.ts'
import type { Session } from './session.ts'
import { isPresent } from './status.ts'
import { choose, connect, end, lose, noteActivity, setVisible, touch } from './steps.ts'
import { newRecord, type Step, settle, type UserRecord } from './user-record.ts'
import { nextVersion } from './version.ts'
import { UNSEEN, type View } from './view.ts'

// Whatever happens to a user, in whatever order, these hold. Histories are made up by fast-check; `play` acts them out.

const RULES: Rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 120_000,
  maxSessionsPerUser: 50,
}
const START = 1_700_000_000_000

type Event =
  | { do: 'connect'; device: number }
  | { do: 'lose' | 'end' | 'use'; session: number; agoMs: number }
  | { do: 'request' | 'settle' | 'hide' | 'show' }
  | { do: 'choose'; status: 'away' | 'dnd' | null; message: string | null; forMs: number | null }

interface Scene {
  readonly event: Event
  readonly before: UserRecord
  readonly step: Step
  readonly after: UserRecord
  readonly now: number
}

describe('any history of one user', () => {
  test('R1 the user is present exactly while a session lives', () => {
    everyHistory({}, (scenes) => {
      const graceEnds = new Map<string, number>()
      const devices = new Map<string, number>()
      scenes.forEach(({ event, now, after }, turn) => {
        // A count of live sessions of its own, kept by nothing but what happened.
        for (const [id, at] of graceEnds) if (at <= now) graceEnds.delete(id)
        if (event.do === 'connect') {
          for (const [id, at] of graceEnds) if (at < Infinity && devices.get(id) === event.device) graceEnds.delete(id)
          graceEnds.set(`s${turn}`, Infinity)
          devices.set(`s${turn}`, event.device)
        }
        const id = 'session' in event ? sessionNamed(scenes, turn, event.session) : ''
        if (event.do === 'end') graceEnds.delete(id)
        if (event.do === 'lose' && graceEnds.get(id) === Infinity)
          graceEnds.set(id, now + graceOfDevice(devices.get(id)))
        expect(after.sessions.map(({ sessionId }) => sessionId).sort()).toEqual([...graceEnds.keys()].sort())
        expect(isPresent(after.own.status)).toBe(graceEnds.size > 0)
      })
    })
  })

  test('R2 every session ends at most once, and only one that was there', () => {
    everyHistory({}, (scenes) => {
      const over = new Set<string>()
      for (const { step, before } of scenes) {
        for (const { session } of step.ended) {
          expect(over.has(session.sessionId)).toBe(false)
          expect(before.sessions.some(({ sessionId }) => sessionId === session.sessionId)).toBe(true)
          over.add(session.sessionId)
        }
      }
    })
  })

  test('R4 handling a moment again changes nothing', () => {
    everyHistory({ clockStepsBack: true }, (scenes) => {
      for (const { after, now } of scenes) {
        const again = settle(after, after, now, RULES)
        expect(again).toEqual({ record: after, ended: [] })
      }
    })
  })

  test('R4 nothing changes by itself before the deadline, and the deadline lies ahead', () => {
    everyHistory({}, (scenes) => {
      for (const { after, now } of scenes) {
        expect(after.deadline ?? Infinity).toBeGreaterThan(now)
        const justBefore = after.deadline === null ? now + 90 * 86_400_000 : after.deadline - 1
        const { record, ended } = settle(after, after, justBefore, RULES)
        expect([record.version, record.own, record.stranger, ended]).toEqual([
          after.version,
          after.own,
          after.stranger,
          [],
        ])
      }
    })
  })

  test('R7 versions only grow, also when the clock steps back, and grow with every news', () => {
    everyHistory({ clockStepsBack: true }, (scenes) => {
      for (const { before, after } of scenes) {
        expect(after.version).toBeGreaterThanOrEqual(before.version)
        // The exact moments of somebody present are kept, and neither written nor told (R22).
        const moments = after.own.status === 'offline' ? (['lastActivityAt', 'lastSeenAt'] as const) : []
        const parts = ['own', 'stranger', 'choice', 'visibility', ...moments] as const
        const news = parts.some((part) => before[part] !== after[part])
        if (news) expect(after.version).toBeGreaterThan(before.version)
        else expect(after.version).toBe(before.version)
      }
    })
  })

  test.each(['own', 'stranger'] as const)(
    'R14, R31 the version of the %s view moves exactly with that view',
    (audience) => {
      everyHistory({ clockStepsBack: true }, (scenes) => {
        for (const { before, after } of scenes) {
          const [was, is] = [before[audience], after[audience]]
          if (sameWords(was, is)) expect(is.version).toBe(was.version)
          else expect(is.version).toBeGreaterThan(was.version)
        }
      })
    },
  )

  test('R10 the order in which sessions are kept does not matter', () => {
    everyHistory({}, (scenes) => {
      for (const { after, now } of scenes) {
        const turned = { ...after, sessions: after.sessions.toReversed() }
        for (const at of [now, now + 15_000, now + 400_000]) {
          const [one, other] = [after, turned].map((record) => settle(record, record, at, RULES).record)
          expect([other?.own, other?.stranger, other?.deadline]).toEqual([one?.own, one?.stranger, one?.deadline])
        }
      }
    })
  })

  test('R11 no choice outlives its expiry, and what was chosen wins over activity', () => {
    everyHistory({}, (scenes) => {
      for (const { after, now } of scenes) {
        expect(after.choice.expiresAt ?? Infinity).toBeGreaterThan(now)
        if (isPresent(after.own.status) && after.choice.status !== null) {
          expect(after.own.status).toBe(after.choice.status)
        }
      }
    })
  })

  test('R13 last seen and last activity only move forward', () => {
    everyHistory({ clockStepsBack: true }, (scenes) => {
      for (const { before, after } of scenes) {
        expect(after.lastActivityAt ?? 0).toBeGreaterThanOrEqual(before.lastActivityAt ?? 0)
        expect(after.lastSeenAt ?? 0).toBeGreaterThanOrEqual(before.lastSeenAt ?? 0)
        expect(after.own.lastSeenAt ?? 0).toBeGreaterThanOrEqual(before.own.lastSeenAt ?? 0)
        expect(after.shown.lastSeenAt ?? 0).toBeGreaterThanOrEqual(before.shown.lastSeenAt ?? 0)
        expect(after.shown.lastActivityAt ?? 0).toBeGreaterThanOrEqual(before.shown.lastActivityAt ?? 0)
      }
    })
  })

  test('R13 nobody was last seen in the future', () => {
    everyHistory({}, (scenes) => {
      for (const { after, now } of scenes) {
        for (const at of [after.lastSeenAt, after.lastActivityAt, after.own.lastSeenAt, after.stranger.lastSeenAt]) {
          expect(at ?? 0).toBeLessThanOrEqual(now)
        }
      }
    })
  })

  test('R15 a message shows only while its user is present', () => {
    everyHistory({}, (scenes) => {
      for (const { own, stranger, choice } of scenes.map(({ after }) => after)) {
        expect(own.message).toBe(isPresent(own.status) ? choice.message : null)
        if (!isPresent(stranger.status)) expect(stranger.message).toBeNull()
      }
    })
  })

  test('R30 hidden is unseen, exactly; visible is the truth', () => {
    everyHistory({ clockStepsBack: true }, (scenes) => {
      for (const { own, stranger, visibility } of scenes.map(({ after }) => after)) {
        const { version: _, ...words } = stranger
        if (!visibility.visible) expect(words).toEqual(UNSEEN)
        else expect(words).toMatchObject({ status: own.status, message: own.message })
      }
    })
  })

  test('R31 while hidden, the strangers’ view stands still', () => {
    everyHistory({}, (scenes) => {
      for (const { before, after } of scenes) {
        if (!before.visibility.visible && !after.visibility.visible) expect(after.stranger).toBe(before.stranger)
      }
    })
  })

  test('R32 nothing from a hidden interval is ever shown', () => {
    everyHistory({}, (scenes) => {
      const hidden: { from: number; to: number }[] = []
      for (const { before, after, now } of scenes) {
        if (before.visibility.visible && !after.visibility.visible) hidden.push({ from: now, to: Infinity })
        const last = hidden.at(-1)
        if (last && !before.visibility.visible && after.visibility.visible) last.to = now
        for (const at of [after.stranger.lastSeenAt, after.shown.lastSeenAt, after.shown.lastActivityAt]) {
          expect(hidden.filter(({ from, to }) => at !== null && from < at && at < to)).toEqual([])
        }
      }
    })
  })
})

/** Acts out made-up histories and hands each to `check`. Records are frozen, so that a step that writes in place fails. */
function everyHistory(options: { clockStepsBack?: boolean }, check: (scenes: readonly Scene[]) => void): void {
  fc.assert(
    fc.property(history(options), (moments) => check(play(moments))),
    { numRuns: 300 },
  )
}

type Moment = readonly [event: Event, laterByMs: number]

function history({ clockStepsBack = false }: { clockStepsBack?: boolean }): fc.Arbitrary<Moment[]> {
  const nth = fc.nat({ max: 5 })
  const agoMs = fc.constantFrom(0, 0, 1, 4_000, 100_000)
  const ofSession = fc.record({ do: fc.constantFrom('lose', 'end', 'use'), session: nth, agoMs })
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), device: fc.nat({ max: 2 }) }) },
    { weight: 5, arbitrary: ofSession },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('request', 'settle', 'hide', 'show') }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('choose' as const),
        status: fc.constantFrom('away', 'dnd', null),
        message: fc.constantFrom(null, 'on a ladder'),
        forMs: fc.constantFrom(null, 1, 20_000),
      }),
    },
  )
  const forward = [0, 1, 1_000, 9_999, 10_000, 31_000, 119_999, 300_000, 400_000]
  const laterByMs = fc.constantFrom(...forward, ...(clockStepsBack ? [-1, -5_000, -500_000] : []))
  return fc.array(fc.tuple(event, laterByMs), { minLength: 1, maxLength: 25 })
}

function play(moments: readonly Moment[]): Scene[] {
  const scenes: Scene[] = []
  let now = START
  let record = deepFreeze(newRecord('marta'))
  moments.forEach(([event, laterByMs], turn) => {
    now += laterByMs
    // A decision's version is reserved before it is made (R20).
    const before = isDecision(event) ? deepFreeze({ ...record, version: nextVersion(record.version, now) }) : record
    const step = act(before, event, scenes, turn, now)
    const after = deepFreeze(step.record)
    scenes.push({ event, before, step, after, now })
    record = after
  })
  return scenes
}

function act(record: UserRecord, event: Event, scenes: readonly Scene[], turn: number, now: number): Step {
  const { version } = record
  switch (event.do) {
    case 'connect':
      return connect(record, session(`s${turn}`, event.device, now), now, RULES)
    case 'lose':
      return lose(record, sessionNamed(scenes, turn, event.session), now - event.agoMs, now, RULES)
    case 'end':
      return end(record, new Set([sessionNamed(scenes, turn, event.session)]), now, RULES)
    case 'use':
      return noteActivity(record, new Map([[sessionNamed(scenes, turn, event.session), now - event.agoMs]]), now, RULES)
    case 'request':
      return touch(record, now, RULES)
    case 'settle':
      return settle(record, record, now, RULES)
    case 'hide':
    case 'show':
      return setVisible(record, event.do === 'show', version, now, RULES)
    default: {
      const { status, message, forMs } = event
      const choice = { status, message, expiresAt: forMs === null ? null : now + forMs, version }
      return choose(record, choice, now, RULES)
    }
  }
}

const isDecision = (event: Event): boolean => event.do === 'choose' || event.do === 'hide' || event.do === 'show'

/** The n-th session ever opened before this turn, live or long over; nobody's when there were none. */
function sessionNamed(scenes: readonly Scene[], turn: number, n: number): string {
  const opened = scenes.slice(0, turn).flatMap(({ event }, at) => (event.do === 'connect' ? [`s${at}`] : []))
  return opened[opened.length === 0 ? 0 : n % opened.length] ?? 'nobody'
}

/** Device 2 is the phone. */
const graceOfDevice = (device: number | undefined): number => (device === 2 ? RULES.mobileGraceMs : RULES.graceMs)

function session(sessionId: string, device: number, now: number): Session {
  const deviceType = device === 2 ? 'mobile' : 'web'
  const what = { sessionId, nodeId: 'n1', socketId: sessionId, deviceId: `device-${device}`, deviceType } as const
  return { ...what, connectedAt: now, lastActivityAt: now, lost: null }
}

const sameWords = (a: View, b: View): boolean =>
  a.status === b.status && a.lastSeenAt === b.lastSeenAt && a.message === b.message

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
