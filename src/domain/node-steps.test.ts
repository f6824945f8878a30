import { OPEN_ACCESS } from './access.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  adoptDecisions,
  endNode,
  lacksDecision,
  type OwnConnections,
  outgrow,
  restate,
  settleDue,
} from './node-steps.ts'
import type { Rules } from './rules.ts'
import { NO_NODE, REVOKED_KEPT_MS, type Session } from './session.ts'
import { connect, end, lose, signOut } from './steps.ts'
import { NO_PAIRS } from './pairs.ts'
import { VISIBLE } from './visibility.ts'
import { newRecord, presume, settle, type UserRecord } from './user-record.ts'

const RULES: Rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 20,
}
const NOW = 1_800_000_000_000

const session = (sessionId: string, nodeId: string, at = NOW, deviceId: string | null = null): Session => ({
  sessionId,
  nodeId,
  socketId: `socket-${sessionId}`,
  deviceId,
  deviceType: 'web',
  connectedAt: at,
  lastActivityAt: at,
  lost: null,
})

const withSessions = (...sessions: Session[]): UserRecord =>
  sessions.reduce((record, one) => connect(record, one, one.connectedAt, RULES).record, newRecord('ada'))

const ownOf = (own: Partial<OwnConnections>): OwnConnections => ({
  isOwn: (nodeId) => nodeId === 'a' || nodeId === 'a-before',
  standing: [],
  gone: new Map(),
  ...own,
})

const idsOf = ({ sessions }: UserRecord): string[] => sessions.map(({ sessionId }) => sessionId)

describe('the end of a node', () => {
  test('R5 ends exactly its sessions, and the user when nobody else is left, by the last evidence', () => {
    const record = withSessions(session('s1', 'a'), session('s2', 'b'))
    const died = NOW + 5_000
    const half = endNode(record, 'a', died, NOW + 12_000, RULES)
    expect([idsOf(half.record), half.record.own.status]).toEqual([['s2'], 'online'])
    const whole = endNode(half.record, 'b', died, NOW + 12_000, RULES)
    expect(whole.record.own).toMatchObject({ status: 'offline', lastSeenAt: died })
    expect(endNode(whole.record, 'b', died, NOW + 13_000, RULES).record.version).toBe(whole.record.version)
  })

  test('R3 R4 a session in grace is nobody’s: it ends by its own deadline', () => {
    const lost = lose(withSessions(session('s1', 'a')), 's1', NOW, NOW, RULES).record
    expect(lost.sessions[0]?.nodeId).toBe(NO_NODE)
    const swept = endNode(lost, 'a', NOW, NOW + 9_000, RULES).record
    expect(swept.own.status).toBe('online')
    expect(settle(swept, swept, NOW + RULES.graceMs, RULES).record.own).toMatchObject({
      status: 'offline',
      lastSeenAt: NOW,
    })
  })
})

describe('a node that states anew what it sees', () => {
  test('R5 takes up what was swept while it was paused, as a session of its own', () => {
    const swept = endNode(withSessions(session('s1', 'a-before')), 'a-before', NOW, NOW + 9_000, RULES).record
    const own = ownOf({ standing: [session('s1-again', 'a', NOW)], formerIds: new Map([['s1-again', ['s1']]]) })
    const { record, revoked } = restate(swept, own, NOW + 30_000, RULES)
    expect([idsOf(record), record.own.status, revoked]).toEqual([['s1-again'], 'online', new Map()])
  })

  test('R6 makes no news when the sweep had not come to this user yet', () => {
    const before = withSessions(session('s1', 'a-before'))
    const own = ownOf({ standing: [session('s1-again', 'a', NOW)], formerIds: new Map([['s1-again', ['s1']]]) })
    const { record, ended } = restate(before, own, NOW + 7_000, RULES)
    expect([idsOf(record), record.own, record.version]).toEqual([['s1-again'], before.own, before.version])
    expect(ended.map((one) => one.session.sessionId)).toEqual(['s1'])
  })

  test('never takes up again what was signed out meanwhile, under either id', () => {
    const out = signOut(withSessions(session('s1', 'a')), new Set(['s1']), NOW + 1_000, RULES).record
    for (const standing of [session('s1', 'a'), session('s1-again', 'a')]) {
      const own = ownOf({ standing: [standing], formerIds: new Map([['s1-again', ['s1']]]) })
      const { record, revoked } = restate(out, own, NOW + 20_000, RULES)
      expect([idsOf(record), [...revoked]]).toEqual([[], [[standing.sessionId, 'SIGNED_OUT']]])
    }
    const later = settle(out, out, NOW + 1_000 + REVOKED_KEPT_MS, RULES).record
    expect(later.revoked).toEqual([])
  })

  test('never takes up again what was signed out before its node lost the lease a second time', () => {
    const out = signOut(withSessions(session('s1', 'a')), new Set(['s1']), NOW + 1_000, RULES).record
    const own = ownOf({ standing: [session('s1-third', 'a')], formerIds: new Map([['s1-third', ['s1', 's1-again']]]) })
    expect(restate(out, own, NOW + 20_000, RULES)).toMatchObject({
      record: { sessions: [] },
      revoked: new Map([['s1-third', 'SIGNED_OUT']]),
    })
  })

  test('R3 starts the grace of a lost connection at its evidence, and ends what said goodbye', () => {
    const record = withSessions(session('s1', 'a'), session('s2', 'a'))
    const gone = new Map([
      ['s1', { clean: true, at: NOW + 1_000 }],
      ['s2', { clean: false, at: NOW + 2_000 }],
    ])
    const { record: after } = restate(record, ownOf({ gone }), NOW + 5_000, RULES)
    expect(after.sessions).toEqual([
      { ...session('s2', NO_NODE), lost: { evidenceAt: NOW + 2_000, graceEndsAt: NOW + 2_000 + RULES.graceMs } },
    ])
    const late = restate(record, ownOf({ gone }), NOW + 60_000, RULES).record
    expect(late.own).toMatchObject({ status: 'offline', lastSeenAt: NOW + 2_000 })
  })

  test('R46 ends what the store holds under its name and it does not know, and leaves other nodes alone', () => {
    const record = withSessions(session('s1', 'a'), session('s2', 'b'))
    expect(idsOf(restate(record, ownOf({}), NOW + 1_000, RULES).record)).toEqual(['s2'])
  })

  test('R3 a device that is back ends what it left in grace elsewhere', () => {
    const record = lose(withSessions(session('s1', 'b', NOW, 'phone')), 's1', NOW, NOW, RULES).record
    const { record: after } = restate(record, ownOf({ standing: [session('s2', 'a', NOW, 'phone')] }), NOW + 1, RULES)
    expect(idsOf(after)).toEqual(['s2'])
  })

  test('R6 R46 said twice it changes nothing, whatever the record and whatever the node sees', () => {
    const ids = ['s0', 's1', 's2', 's3', 's4']
    const world = fc.record({
      stored: fc.array(fc.record({ id: fc.constantFrom(...ids), node: fc.constantFrom('a', 'a-before', 'b') })),
      lost: fc.subarray(ids),
      out: fc.subarray(ids),
      seen: fc.uniqueArray(fc.constantFrom(...ids)),
      gone: fc.array(fc.tuple(fc.constantFrom(...ids), fc.boolean())),
      later: fc.integer({ min: 0, max: 60_000 }),
    })
    fc.assert(
      fc.property(world, ({ stored, lost, out, seen, gone, later }) => {
        const now = NOW + later
        let record = withSessions(...stored.map(({ id, node }) => session(id, node)))
        for (const id of lost) record = lose(record, id, NOW, NOW, RULES).record
        record = signOut(record, new Set(out), NOW, RULES).record
        const left = new Map(gone.filter(([id]) => !seen.includes(id)).map(([id, clean]) => [id, { clean, at: NOW }]))
        const own = ownOf({ standing: seen.map((id) => session(id, 'a')), gone: left })
        const once = restate(record, own, now, RULES)
        const twice = restate(once.record, own, now, RULES)
        expect(twice.record).toEqual(once.record)
        expect(twice.ended).toEqual([])
        // Whoever stands and was not signed out is there, under this node's name; whoever went is not.
        const mine = once.record.sessions.filter(({ nodeId }) => nodeId === 'a').map(({ sessionId }) => sessionId)
        expect(mine.toSorted()).toEqual(seen.filter((id) => !once.revoked.has(id)).toSorted())
        expect(once.record.sessions.some(({ nodeId }) => nodeId === 'a-before')).toBe(false)
        const others = (from: UserRecord) =>
          from.sessions.filter(({ nodeId }) => nodeId === 'b').map(({ sessionId }) => sessionId)
        expect(others(once.record)).toEqual(others(record).filter((id) => !seen.includes(id) && !left.has(id)))
      }),
    )
  })
})

describe('somebody whom PostgreSQL holds as present and the store forgot', () => {
  const known = (): UserRecord => {
    const { record } = connect(newRecord('ada'), session('s1', 'a'), NOW, RULES)
    return { ...record, sessions: [] }
  }

  test('R23 is taken for present until the deadline, and goes offline by the last evidence when nobody speaks up', () => {
    const record = presume(known(), NOW + 6_000)
    expect(record.deadline).toBe(NOW + 6_000)
    const waiting = settle(record, record, NOW + 5_999, RULES).record
    expect([waiting.own, waiting.version]).toEqual([record.own, record.version])
    const over = settle(waiting, waiting, NOW + 6_000, RULES).record
    expect([over.own.status, over.own.lastSeenAt, over.presumed]).toEqual(['offline', NOW, null])
  })

  test('R23 makes no news when their node speaks up in time', () => {
    const record = presume(known(), NOW + 6_000)
    const back = restate(record, ownOf({ standing: [session('s1', 'a')] }), NOW + 2_000, RULES).record
    const later = settle(back, back, NOW + 6_000, RULES).record
    expect([later.own, later.version, later.presumed]).toEqual([record.own, record.version, null])
  })

  test('R23 stays idle when they were, and keeps a choice', () => {
    const idle = settle(known(), { ...withSessions(session('s1', 'a')) }, NOW + 400_000, RULES).record
    expect(idle.own.status).toBe('away')
    const record = presume({ ...idle, sessions: [] }, NOW + 406_000)
    expect(settle(record, record, NOW + 401_000, RULES).record.own.status).toBe('away')
  })

  test('nobody who is offline, or known to the store, is presumed anything', () => {
    expect(presume(newRecord('ada'), NOW).presumed).toBeNull()
    expect(presume(withSessions(session('s1', 'a')), NOW).presumed).toBeNull()
    const left = end(withSessions(session('s1', 'a')), new Set(['s1']), NOW, RULES).record
    expect(presume(left, NOW + 6_000)).toBe(left)
  })
})

describe('a deadline that another node may know more about', () => {
  const patience = { nodeId: 'a', patienceMs: 1_500 }
  const due = NOW + RULES.idleAfterMs

  test('R12 calls nobody idle before the node of their session had time to speak up', () => {
    const record = withSessions(session('s1', 'b'))
    const first = settleDue(record, new Map(), patience, due, RULES).record
    expect([first.own.status, first.version, first.deadline]).toEqual(['online', record.version, due + 1_500])
    expect(settleDue(first, new Map(), patience, due + 1_500, RULES).record.own.status).toBe('away')
  })

  test('R12 does not wait for itself, nor for sessions in grace', () => {
    const own = withSessions(session('s1', 'a'))
    expect(settleDue(own, new Map(), patience, due, RULES).record.own.status).toBe('away')
    const grace = { ...RULES, graceMs: 400_000 }
    const lost = lose(withSessions(session('s1', 'b')), 's1', NOW, NOW, grace).record
    expect(settleDue(lost, new Map(), patience, due, grace).record.own.status).toBe('away')
  })

  test('R12 goes on from the activity that this node knows', () => {
    const record = withSessions(session('s1', 'a'), session('s2', 'b'))
    const { record: after } = settleDue(record, new Map([['s1', due - 1]]), patience, due, RULES)
    expect(after.own.status).toBe('online')
    expect(after.deadline).toBeGreaterThan(due + 1_500)
  })
})

test('R7 what was told of a newer version is outgrown by the same presence', () => {
  const record = withSessions(session('s1', 'a'))
  const told = record.version + 5_000_000
  const { record: after } = outgrow(record, told, NOW)
  expect([after.version, after.own.version, after.stranger.version].every((version) => version > told)).toBe(true)
  expect({ ...after.own, version: 0 }).toEqual({ ...record.own, version: 0 })
})

describe('a decision that is stored and was never shown', () => {
  const version = (NOW + 1_000) * 1000
  const choice = { status: 'dnd', message: 'on a roof', expiresAt: null, version } as const

  test('R20 is shown, without counting as a sign of use', () => {
    const record = withSessions(session('s1', 'a'))
    const blocked = { viewerId: 'luc', blocked: true, version: version + 2, floor: version + 2 }
    const stored = {
      choice,
      visibility: { ...VISIBLE, visible: false, version: version + 1 },
      pairs: [blocked],
      access: OPEN_ACCESS,
    }
    expect(lacksDecision(record, stored)).toBe(true)
    const { record: after } = adoptDecisions(record, stored, NOW + 9_000, RULES)
    expect([after.own.status, after.own.message, after.stranger.status]).toEqual(['dnd', 'on a roof', 'offline'])
    expect(after.lastActivityAt).toBe(record.lastActivityAt)
    expect(after.pairs).toEqual([blocked])
    expect(lacksDecision(after, stored)).toBe(false)
    expect(lacksDecision({ ...after, pairs: NO_PAIRS }, stored)).toBe(true)
  })

  test('R20 never takes the place of a newer one', () => {
    const newer = { ...choice, status: 'away', version: version + 5 } as const
    const record = adoptDecisions(
      withSessions(session('s1', 'a')),
      { ...newRecord('x'), choice: newer },
      NOW,
      RULES,
    ).record
    expect(adoptDecisions(record, { ...record, choice }, NOW, RULES).record.choice).toEqual(newer)
  })
})
