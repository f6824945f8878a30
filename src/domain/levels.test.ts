import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COARSE_MS, coarsely } from './coarse.ts'
import { audienceOf, type Standing, standingOf, viewAt } from './info.ts'
import type { Rules } from './rules.ts'
import { isPresent } from './status.ts'
import { choose, connect, end, lose, noteActivity, noteRelation, setBlocked, setVisible, touch } from './steps.ts'
import { newRecord, publicActivity, settle, type UserRecord } from './user-record.ts'
import { nextVersion } from './version.ts'
import { looksSame, UNSEEN, type View } from './view.ts'
import {
  allowanceOf,
  AUDIENCE_LEVELS,
  isOpen,
  type LevelledAudience,
  type Levels,
  narrows,
  type Visibility,
} from './visibility.ts'

// Whatever a user does and decides, each audience is told what a plain specification says, and never anything of a time when it might not
// know. Histories are made up by fast-check.

const RULES: Rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 120_000,
  maxSessionsPerUser: 50,
}
const START = Date.UTC(2026, 10, 25, 11, 50)
const VIEWERS = ['ana', 'ben', 'carla'] as const
const AUDIENCES = ['stranger', 'contact'] as const

type Event =
  | { do: 'connect' | 'request' | 'settle' }
  | { do: 'lose' | 'end' | 'use'; session: number; agoMs: number }
  | { do: 'choose'; status: 'away' | 'dnd' | null; message: string | null }
  | { do: 'decide'; visible: boolean; levels: Levels }
  | { do: 'block' | 'unblock' | 'turn'; viewer: number }

interface Scene {
  readonly event: Event
  readonly now: number
  readonly before: UserRecord
  readonly after: UserRecord
  /** Who is a contact, as the host says. */
  readonly contacts: ReadonlySet<string>
  readonly contactsBefore: ReadonlySet<string>
}

describe('any history of one user with levels', () => {
  test.each(AUDIENCES)('R36 the %s is told the status and the message exactly when they may know', (audience) => {
    everyHistory((scenes) => {
      for (const { after } of scenes) {
        const { status } = allowanceOf(after.visibility, audience)
        const { own } = after
        expect(after[audience]).toMatchObject(
          status ? { status: own.status, message: own.message } : { status: 'offline', message: null },
        )
      }
    })
  })

  test.each(AUDIENCES)('R36 the %s who may know neither sees somebody who was never here', (audience) => {
    everyHistory((scenes) => {
      for (const { after } of scenes) {
        const access = allowanceOf(after.visibility, audience)
        if (!access.lastSeen) expect(after[audience].lastSeenAt).toBeNull()
        if (!access.lastSeen && !access.status) expect(looksSame(after[audience], UNSEEN)).toBe(true)
      }
    })
  })

  test.each(AUDIENCES)(
    'R36 last seen of somebody who looks offline to the %s stands still while they are here',
    (audience) => {
      everyHistory((scenes) => {
        for (const { before, after } of scenes) {
          const [was, is] = [allowanceOf(before.visibility, audience), allowanceOf(after.visibility, audience)]
          const decided = before.visibility !== after.visibility
          if (was.status || is.status || decided || !isPresent(after.own.status)) continue
          expect(after[audience]).toBe(before[audience])
        }
      })
    },
  )

  test.each(AUDIENCES)('R32 nothing that happened while the %s might not know is ever told to them', (audience) => {
    everyHistory((scenes) => {
      const spec = createSpecification(audience)
      for (const scene of scenes) {
        spec.next(scene)
        const told = [scene.after[audience].lastSeenAt]
        if (audience === 'stranger') told.push(publicActivity(scene.after))
        for (const at of told) expect(at === null || spec.mayKnow(at)).toBe(true)
      }
    })
  })

  test.each(AUDIENCES)(
    'R38 coarse last seen of the %s lies on a limit of its bucket, and its version stays in it',
    (audience) => {
      everyHistory((scenes) => {
        for (const { before, after } of scenes) {
          if (!after.visibility.levels.coarse) continue
          expect((after[audience].lastSeenAt ?? 0) % COARSE_MS).toBe(0)
          expect((publicActivity(after) ?? 0) % COARSE_MS).toBe(0)
          if (looksSame(before[audience], after[audience])) expect(after[audience]).toEqual(before[audience])
        }
      })
    },
  )

  test.each(AUDIENCES)('R31 the version of the view of the %s moves exactly with that view', (audience) => {
    everyHistory((scenes) => {
      for (const { before, after } of scenes) {
        const [was, is] = [before[audience], after[audience]]
        if (looksSame(was, is)) expect(is.version).toBe(was.version)
        else expect(is.version).toBeGreaterThan(was.version)
      }
    })
  })

  test('R36 contacts take no memory while they are told what strangers are', () => {
    everyHistory((scenes) => {
      for (const { after } of scenes) {
        const { contact, stranger } = after
        expect(contact === stranger).toBe(contact.version === stranger.version && looksSame(contact, stranger))
      }
    })
  })

  test('R37 whoever is blocked is told nothing, whatever the levels and whoever they are', () => {
    everyHistory((scenes) => {
      const blocked = new Set<string>()
      for (const { event, after, contacts } of scenes) {
        if (event.do === 'block') blocked.add(viewerOf(event))
        if (event.do === 'unblock') blocked.delete(viewerOf(event))
        for (const viewer of VIEWERS) {
          const view = toldTo(after, viewer, contacts)
          if (blocked.has(viewer)) expect(looksSame(view, UNSEEN)).toBe(true)
          else expect(looksSame(view, after[contacts.has(viewer) ? 'contact' : 'stranger'])).toBe(true)
        }
      }
    })
  })

  test('R31 R37 what each viewer is told grows by version whenever they can see a difference', () => {
    everyHistory((scenes) => {
      for (const { before, after, contacts, contactsBefore } of scenes) {
        for (const viewer of VIEWERS) {
          const [was, is] = [toldTo(before, viewer, contactsBefore), toldTo(after, viewer, contacts)]
          if (!looksSame(was, is)) expect(is.version).toBeGreaterThan(was.version)
        }
      }
    })
  })

  test('R31 R37 a viewer who is blocked, or turns, moves no version of anybody else', () => {
    everyHistory((scenes) => {
      for (const { event, before, after, contacts, now } of scenes) {
        if (event.do !== 'block' && event.do !== 'unblock' && event.do !== 'turn') continue
        const settled = settle(before, before, now, RULES).record
        for (const viewer of VIEWERS.filter((one) => one !== viewerOf(event))) {
          const [was, is] = [toldTo(settled, viewer, contacts), toldTo(after, viewer, contacts)]
          expect([is.status, is.lastSeenAt, is.message]).toEqual([was.status, was.lastSeenAt, was.message])
          if (looksSame(toldTo(before, viewer, contacts), is)) {
            expect(is.version).toBe(toldTo(before, viewer, contacts).version)
          }
        }
      }
    })
  })

  test('R31 the version of somebody blocked stands still, whatever becomes of the user', () => {
    everyHistory((scenes) => {
      for (const { before, after, contacts } of scenes) {
        for (const viewer of VIEWERS) {
          const isBlocked = [before, after].every(({ pairs }) =>
            pairs.some(({ viewerId, blocked }) => viewerId === viewer && blocked),
          )
          if (isBlocked) expect(toldTo(after, viewer, contacts)).toEqual(toldTo(before, viewer, contacts))
        }
      }
    })
  })
})

describe('a decision', () => {
  const levels = (status: Levels['status'], lastSeen: Levels['lastSeen'], coarse = false): Levels => ({
    status,
    lastSeen,
    coarse,
  })

  test.each<[string, [boolean, Levels], [boolean, Levels], boolean]>([
    ['hides', [true, levels('everyone', 'everyone')], [false, levels('everyone', 'everyone')], true],
    ['shows', [false, levels('everyone', 'everyone')], [true, levels('everyone', 'everyone')], false],
    ['leaves contacts', [true, levels('everyone', 'everyone')], [true, levels('contacts', 'everyone')], true],
    ['takes it from contacts, too', [true, levels('contacts', 'nobody')], [true, levels('nobody', 'nobody')], true],
    ['lets contacts know', [true, levels('nobody', 'nobody')], [true, levels('contacts', 'nobody')], false],
    ['gives one and takes the other', [true, levels('nobody', 'everyone')], [true, levels('everyone', 'nobody')], true],
    ['makes it coarse', [true, levels('everyone', 'everyone')], [true, levels('everyone', 'everyone', true)], true],
    ['makes it exact', [true, levels('everyone', 'everyone', true)], [true, levels('everyone', 'everyone')], false],
    [
      'narrows while all is hidden',
      [false, levels('everyone', 'everyone')],
      [false, levels('nobody', 'nobody')],
      false,
    ],
  ])('R32 that %s takes something away, or does not', (_name, [wasVisible, was], [visible, is], expected) => {
    expect(narrows({ visible: wasVisible, levels: was }, { visible, levels: is })).toBe(expected)
  })
})

/** What an audience might know at which time, kept by nothing but what was decided. */
function createSpecification(audience: LevelledAudience) {
  /** From when on it has been able to know each thing that it can. */
  const closed: { from: number; to: number; coarse: boolean }[] = []
  let last: Visibility | null = null
  return {
    next({ before, after, now }: Scene): void {
      if (before.visibility === after.visibility) return
      const access = allowanceOf(after.visibility, audience)
      const open = closed.at(-1)
      if (open && open.to === Infinity) open.to = now
      if (!access.lastSeen || access.coarse) closed.push({ from: now, to: Infinity, coarse: access.lastSeen })
      last = after.visibility
    },
    /** An exact moment of a time when nothing, or only the bucket, might be known; a bucket may begin in any time. */
    mayKnow: (at: number): boolean =>
      coarsely(at) === at || last === null || !closed.some(({ from, to }) => from < at && at < to),
  }
}

const viewerOf = (event: Event): string => VIEWERS['viewer' in event ? event.viewer : 0] ?? ''

/** What a viewer is told of a record, under which version. */
function toldTo(record: UserRecord, viewer: string, contacts: ReadonlySet<string>): View {
  const isContact = contacts.has(viewer) && audienceOf(record, viewer) !== 'stranger'
  const standing: Standing = standingOf(record.pairs, viewer, isContact ? 'contact' : 'stranger')
  return viewAt(record, standing)
}

function everyHistory(check: (scenes: readonly Scene[]) => void): void {
  fc.assert(
    fc.property(history(), (moments) => check(play(moments))),
    { numRuns: 400 },
  )
}

type Moment = readonly [event: Event, laterByMs: number]

function history(): fc.Arbitrary<Moment[]> {
  const level = fc.constantFrom(...AUDIENCE_LEVELS)
  const agoMs = fc.constantFrom(0, 1, 4_000, 100_000)
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('connect', 'request', 'settle') }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('lose', 'end', 'use'), session: fc.nat(3), agoMs }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('choose' as const),
        status: fc.constantFrom('away', 'dnd', null),
        message: fc.constantFrom(null, 'on a ladder'),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('decide' as const),
        visible: fc.constantFrom(true, true, true, false),
        levels: fc.record({ status: level, lastSeen: level, coarse: fc.boolean() }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('block', 'unblock', 'turn'), viewer: fc.nat(2) }) },
  )
  const laterByMs = fc.constantFrom(1, 1_000, 9_999, 10_001, 119_999, 300_001, 7_000_000, 30_000_000)
  return fc.array(fc.tuple(event, laterByMs), { minLength: 1, maxLength: 25 })
}

function play(moments: readonly Moment[]): Scene[] {
  const scenes: Scene[] = []
  let now = START
  let record = newRecord('marta')
  let contacts: ReadonlySet<string> = new Set<string>()
  moments.forEach(([event, laterByMs], turn) => {
    now += laterByMs
    const contactsBefore = contacts
    if (event.do === 'turn') contacts = turned(contacts, viewerOf(event))
    // Versions of decisions are reserved before they are made (R20).
    const isDecision = ['choose', 'decide', 'block', 'unblock'].includes(event.do)
    const before = isDecision ? { ...record, version: nextVersion(record.version, now) } : record
    const after = act(before, event, { turn, now, contacts })
    scenes.push({ event, now, before, after, contacts, contactsBefore })
    record = after
  })
  return scenes
}

const turned = (contacts: ReadonlySet<string>, viewer: string): ReadonlySet<string> =>
  contacts.has(viewer) ? new Set([...contacts].filter((one) => one !== viewer)) : new Set([...contacts, viewer])

interface Moved {
  readonly turn: number
  readonly now: number
  readonly contacts: ReadonlySet<string>
}

function act(record: UserRecord, event: Event, { turn, now, contacts }: Moved): UserRecord {
  const { version } = record
  const nth = (n: number): string => record.sessions[n % Math.max(1, record.sessions.length)]?.sessionId ?? 'nobody'
  switch (event.do) {
    case 'connect': {
      const what = {
        sessionId: `s${turn}`,
        nodeId: 'n',
        socketId: `s${turn}`,
        deviceId: null,
        deviceType: 'web',
      } as const
      return connect(record, { ...what, connectedAt: now, lastActivityAt: now, lost: null }, now, RULES).record
    }
    case 'lose':
      return lose(record, nth(event.session), now - event.agoMs, now, RULES).record
    case 'end':
      return end(record, new Set([nth(event.session)]), now, RULES).record
    case 'use':
      return noteActivity(record, new Map([[nth(event.session), now - event.agoMs]]), now, RULES).record
    case 'request':
      return touch(record, now, RULES).record
    case 'settle':
      return settle(record, record, now, RULES).record
    case 'choose':
      return choose(record, { ...event, expiresAt: null, version }, now, RULES).record
    case 'decide':
      return setVisible(record, event.visible, version, now, RULES, event.levels).record
    case 'turn':
      return noteRelation(record, viewerOf(event), now, RULES).record
    default: {
      const viewerId = viewerOf(event)
      const audience = contacts.has(viewerId) ? 'contact' : 'stranger'
      return setBlocked(record, { viewerId, blocked: event.do === 'block', version }, audience, now, RULES).record
    }
  }
}

test('levels that are open are one object', () => {
  everyHistory((scenes) => {
    for (const { after } of scenes) {
      if (isOpen(after.visibility.levels)) expect(after.visibility.contactSince).toBe(after.visibility.since)
    }
  })
})
