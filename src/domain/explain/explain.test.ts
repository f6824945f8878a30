import { describe, expect, test } from 'vitest'
import { OPEN_ACCESS } from '../access.ts'
import { NO_PAIRS } from '../pairs.ts'
import type { Rules } from '../rules.ts'
import type { Session } from '../session.ts'
import { choose, connect, end, lose, setAccess, setVisible, signOutAll } from '../steps.ts'
import { newRecord, presume, settle, type UserRecord } from '../user-record.ts'
import { type Cause, CAUSES, type Evidence, NOTES } from './evidence.ts'
import { explain } from './explain.ts'
import { clockText, spanText } from './words.ts'

const RULES: Rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 120_000,
  maxSessionsPerUser: 5,
}
const NOON = Date.UTC(2026, 4, 1, 12)
const MINUTE = 60_000

const session = (id = 's1', nodeId = 'n1'): Session => ({
  sessionId: id,
  nodeId,
  socketId: `socket of ${id}`,
  deviceId: null,
  deviceType: 'web',
  connectedAt: NOON,
  lastActivityAt: NOON,
  lost: null,
})

const here = connect(newRecord('ada'), session(), NOON, RULES).record
const left = end(here, new Set(['s1']), NOON + MINUTE, RULES).record
const dnd = choose(
  here,
  { status: 'dnd', message: null, expiresAt: NOON + 30 * MINUTE, version: (NOON + 1) * 1000 },
  NOON + 1,
  RULES,
).record
const versionAt = (at: number): number => at * 1000
const banned = setAccess(
  here,
  { ...OPEN_ACCESS, bar: 'BANNED', version: versionAt(NOON + MINUTE) },
  NOON + MINUTE,
  RULES,
).record

/** What is known five minutes into the afternoon, unless told otherwise: PostgreSQL has what is live. */
function evidence(parts: Partial<Evidence>): Evidence {
  return {
    userId: 'ada',
    live: here,
    stored: typeof parts.live === 'object' ? parts.live : here,
    leases: null,
    lostForMs: null,
    staleAfterMs: 30_000,
    asleep: null,
    isPending: false,
    rules: RULES,
    now: NOON + 2 * MINUTE,
    ...parts,
  }
}

const STAGED: readonly [Cause, Partial<Evidence>, words: string][] = [
  ['NO_SUCH_USER', { live: null, stored: null }, 'There is no such user'],
  [
    'DELETED',
    {
      live: setAccess(here, { ...OPEN_ACCESS, bar: 'USER_DELETED', version: versionAt(NOON) }, NOON, RULES).record,
      stored: null,
    },
    'deleted them',
  ],
  ['BANNED', { live: banned }, 'since 12:01:00 UTC, 1 minute ago: no session'],
  ['SWITCHED_OFF', { live: left, asleep: 0 }, 'The flag of the host says that presence is off for them'],
  ['SWITCHED_OFF', { live: null, stored: left, asleep: 1 }, 'A connection of theirs stands at this node'],
  ['SWITCHED_OFF', { live: null, stored: newRecord('ada'), asleep: 2 }, '2 connections of theirs stand at this node'],
  ['SWITCHED_OFF', { live: 'unknown', stored: left, lostForMs: 31_000, asleep: 0 }, 'presence is off for them'],
  ['BANNED', { live: banned, asleep: 1 }, 'Banned by the host'],
  ['ACTIVE', { asleep: 0 }, 'the last sign of use'],
  ['NOBODY_ANSWERS', { live: 'unknown', stored: 'unknown', lostForMs: 1_000 }, 'Nothing can be said'],
  ['NOBODY_ANSWERS', { live: null, stored: 'unknown' }, 'does not hold them'],
  [
    'STORE_LOST',
    { live: 'unknown', stored: here, lostForMs: 4_000 },
    'Shown as online and marked stale: the live store has not answered for 4 seconds',
  ],
  ['STORE_UNKNOWN', { live: 'unknown', stored: here, lostForMs: 31_000 }, 'PostgreSQL had them as online last'],
  ['NEVER_HERE', { live: null, stored: newRecord('ada') }, 'no session of theirs was ever seen'],
  [
    'LEFT',
    { live: left },
    'Offline since 12:01:00 UTC, 1 minute ago: the last session ended then, by its last sign of life',
  ],
  ['LEFT', { live: null, stored: left }, 'Offline since 12:01:00 UTC'],
  ['SIGNED_OUT', { live: signOutAll(here, NOON + MINUTE, RULES).record }, 'because it was signed out'],
  ['PRESUMED', { live: presume({ ...here, sessions: [] }, NOON + 3 * MINUTE) }, 'A node has until 12:03:00 UTC to say'],
  ['PRESUMED', { live: null, stored: { ...here, sessions: [] }, leases: new Map() }, 'the live store knows no session'],
  [
    'CHOSEN',
    { live: dnd },
    'Shown as dnd, which they chose at 12:00:00 UTC, 1 minute ago, until 12:30:00 UTC. It wins over activity.',
  ],
  ['ACTIVE', {}, 'the last sign of use that is known was at 12:00:00 UTC, 2 minutes ago'],
  [
    'IDLE',
    { live: settle(here, here, NOON + 6 * MINUTE, RULES).record, now: NOON + 6 * MINUTE },
    'Away since 12:05:00 UTC, 1 minute ago: their one session had no sign of use for 5 minutes',
  ],
  [
    'IN_GRACE',
    { live: lose(here, 's1', NOON + MINUTE, NOON + MINUTE, RULES).record, now: NOON + MINUTE + 1_000 },
    'It counts until 12:01:10 UTC',
  ],
  [
    'NODE_LOST',
    { leases: new Map([['n1', { renewedAt: NOON, until: NOON + 6_000 }]]) },
    'last renewed at 12:00:00 UTC',
  ],
  [
    'NODE_LOST',
    { leases: new Map([['n2', { renewedAt: NOON, until: NOON + 9 * MINUTE }]]) },
    'Its node has no lease any more.',
  ],
]

describe('the cause of a status', () => {
  test.each(STAGED)('R10 %s: %j', (rule, parts, words) => {
    const { cause } = explain(evidence(parts))
    expect(cause.rule).toBe(rule)
    expect(cause.sentence).toContain(words)
  })

  test('is staged here for each that there is', () => {
    expect(new Set(STAGED.map(([rule]) => rule))).toEqual(new Set(CAUSES))
  })
})

/** Of whom it is said, and what is noted beside the cause. */
const NOTED: readonly [note: string, Partial<Evidence>, words: string][] = [
  [
    'HIDDEN',
    { live: setVisible(here, false, versionAt(NOON + MINUTE), NOON + MINUTE, RULES).record },
    'they hide, since 12:01:00 UTC',
  ],
  [
    'LEVELS',
    {
      live: setVisible(here, true, versionAt(NOON + MINUTE), NOON + MINUTE, RULES, {
        status: 'contacts',
        lastSeen: 'nobody',
        coarse: true,
      }).record,
    },
    'for contacts alone, their last seen for nobody, and only as a quarter of a day',
  ],
  [
    'BLOCKS',
    { live: { ...here, pairs: [{ viewerId: 'ben', blocked: true, version: 1, floor: 1 }] } },
    'They block one viewer',
  ],
  [
    'CHOICE_WAITS',
    { live: end(dnd, new Set(['s1']), NOON + MINUTE, RULES).record },
    'They chose dnd until 12:30:00 UTC',
  ],
  [
    'TOKENS_REVOKED',
    { live: setAccess(here, { ...OPEN_ACCESS, tokensSince: NOON }, NOON, RULES).record },
    'issued before 12:00:00 UTC',
  ],
  ['OVERDUE', { now: NOON + 8 * MINUTE }, 'they would be away by now'],
  ['NOT_PROJECTED', { stored: newRecord('ada') }, 'PostgreSQL still has them as offline'],
  ['NOT_STORED', { isPending: true }, 'has not taken it yet'],
  ['DECISION_BEHIND', { stored: dnd }, 'a newer decision'],
  [
    'COLUMN_DIFFERS',
    { stored: { ...here, visibility: { ...here.visibility, visible: false } } },
    'show_online_status is off',
  ],
  ['SWITCHED_OFF', { asleep: 0 }, 'another node holds a session of theirs'],
  ['ROW_GONE', { stored: null }, 'no such user any more'],
  ['POSTGRES_UNKNOWN', { stored: 'unknown' }, 'PostgreSQL does not answer'],
  ['IN_GRACE', { live: lose(dnd, 's1', NOON + MINUTE, NOON + MINUTE, RULES).record, now: NOON + MINUTE }, 'Still here'],
]

test('R71 whoever is switched off is shown to others as nobody would notice', () => {
  const off = explain(evidence({ live: left, asleep: 0 }))
  expect(off.status).toBe('offline')
  expect(off.record?.stranger).toMatchObject({ status: 'offline', lastSeenAt: null })
  expect(explain(evidence({ live: left })).record?.stranger).toMatchObject({ lastSeenAt: NOON + MINUTE })
})

describe('what is noted beside it', () => {
  test.each(NOTED)('%s', (rule, parts, words) => {
    const { notes } = explain(evidence(parts))
    expect(notes.map((note) => note.rule)).toContain(rule)
    expect(notes.find((note) => note.rule === rule)?.sentence).toContain(words)
  })

  test('is staged here for each that there is', () => {
    const isCause = (rule: string): boolean => CAUSES.some((cause) => cause === rule)
    expect(new Set(NOTED.map(([rule]) => rule).filter((rule) => !isCause(rule)))).toEqual(new Set(NOTES))
  })

  test('is nothing of somebody about whom there is nothing to note', () => {
    const everyday: UserRecord[] = [here, left, newRecord('ada')]
    for (const record of everyday) expect(explain(evidence({ live: record })).notes).toEqual([])
    expect(explain(evidence({ live: { ...here, pairs: NO_PAIRS } })).sessions.map(({ state }) => state)).toEqual([
      'active',
    ])
  })
})

test('moments are told with their date on another day, and spans in their largest unit', () => {
  expect(clockText(NOON, NOON + 86_400_000)).toBe('2026-05-01 12:00:00 UTC')
  expect([0, 999, 1_000, 61_000, 7_200_000, 172_800_000].map(spanText)).toEqual([
    '0 seconds',
    '0 seconds',
    '1 second',
    '1 minute',
    '2 hours',
    '2 days',
  ])
})
