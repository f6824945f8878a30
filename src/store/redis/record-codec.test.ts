import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BARS } from '../../domain/access.ts'
import { DEVICE_TYPES, type Session } from '../../domain/session.ts'
import { STATUSES } from '../../domain/status.ts'
import { newRecord, type UserRecord } from '../../domain/user-record.ts'
import { AUDIENCE_LEVELS, isOpen, levelsOf, type Visibility } from '../../domain/visibility.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'
import { SCHEMA_VERSION } from './schema.ts'

const moment = fc.integer({ min: 0, max: 4_000_000_000_000 })
const maybe = fc.option(moment)
const version = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const text = fc.option(fc.string())
const status = fc.constantFrom(...STATUSES)
const chosen = fc.constantFrom('away' as const, 'dnd' as const, null)
const view = fc.record({ status, lastSeenAt: maybe, message: text, version })
const session: fc.Arbitrary<Session> = fc.record({
  sessionId: fc.uuid(),
  nodeId: fc.string(),
  socketId: fc.string(),
  deviceId: text,
  deviceType: fc.constantFrom(...DEVICE_TYPES),
  connectedAt: moment,
  lastActivityAt: moment,
  lost: fc.option(fc.record({ evidenceAt: moment, graceEndsAt: moment })),
})
const level = fc.constantFrom(...AUDIENCE_LEVELS)
const levels = fc.record({ status: level, lastSeen: level, coarse: fc.boolean() }).map(levelsOf)
const visibility: fc.Arbitrary<Visibility> = fc
  .record({ visible: fc.boolean(), levels, since: maybe, contactSince: maybe, version })
  .map((decided) => (isOpen(decided.levels) ? { ...decided, contactSince: decided.since } : decided))
const record: fc.Arbitrary<UserRecord> = fc.record({
  userId: fc.uuid(),
  version,
  sessions: fc.array(session, { maxLength: 4 }),
  revoked: fc.array(
    fc.record({ sessionId: fc.uuid(), at: moment, why: fc.constantFrom('SIGNED_OUT', 'EVICTED', ...BARS) }),
    { maxLength: 3 },
  ),
  presumed: fc.option(fc.record({ active: fc.boolean(), evidenceAt: maybe, until: moment })),
  choice: fc.record({ status: chosen, message: text, expiresAt: maybe, version }),
  visibility,
  access: fc.record({ bar: fc.option(fc.constantFrom(...BARS)), version, tokensSince: maybe }),
  lastActivityAt: maybe,
  lastSeenAt: maybe,
  lastEndedAt: maybe,
  shown: fc.record({ lastSeenAt: maybe, lastActivityAt: maybe, contactSeenAt: maybe }),
  own: view,
  contact: view,
  stranger: view,
  pairs: fc.array(fc.record({ viewerId: fc.uuid(), blocked: fc.boolean(), version, floor: version }), { maxLength: 3 }),
  deadline: maybe,
})

describe('a record in Redis', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(record, fc.stringMatching(/^[\w.-]+$/), (before, stamp) => {
        const { value } = encodeRecord(before, stamp)
        expect(decodeRecord(before.userId, value)).toMatchObject({ schema: SCHEMA_VERSION, stamp, record: before })
      }),
    )
  })

  test('R55 carries along what a neighbouring version keeps, and nothing that ended', () => {
    const full = {
      ...newRecord('ada'),
      revoked: [{ sessionId: 's1', at: 5, why: 'EVICTED' as const }],
      access: { bar: 'BANNED' as const, version: 3, tokensSince: null },
      presumed: { active: true, evidenceAt: 1, until: 9 },
    }
    const [head, json] = split(encodeRecord(full, 'a').value)
    const fromNewer = `${head} ${JSON.stringify({ ...(JSON.parse(json) as object), x: { later: true } })}`
    const read = decodeRecord('ada', fromNewer)
    expect(read.record).toEqual(full)
    const [, written] = split(encodeRecord(newRecord('ada'), 'b', read.json).value)
    expect(JSON.parse(written)).toMatchObject({ x: { later: true } })
    expect(JSON.parse(written)).not.toHaveProperty('r')
    expect(JSON.parse(written)).not.toHaveProperty('p')
    expect(JSON.parse(written)).not.toHaveProperty('b')
  })

  test('R55 whoever narrowed anything is hidden to nodes without levels, which take decisions about the switch alone', () => {
    const levels = { status: 'contacts', lastSeen: 'everyone', coarse: true } as const
    const visibility = { visible: true, levels, since: 3, contactSince: 2, version: 9 }
    const contact = { status: 'online', lastSeenAt: 1, message: null, version: 7 } as const
    const { value } = encodeRecord({ ...newRecord('ada'), visibility, contact }, 'a')
    const [head, text] = split(value)
    const json = JSON.parse(text) as Record<string, unknown>
    expect(json['z']).toEqual([false, 3, 9])
    const fromOlder = `${head.replace(/^\d+/, '1')} ${JSON.stringify({ ...json, z: [true, 10, 20] })}`
    const { record } = decodeRecord('ada', fromOlder)
    expect(record.visibility).toEqual({ visible: true, levels, since: 10, contactSince: 10, version: 20 })
    // What contacts saw is not what such a node left.
    expect(record.contact).toMatchObject({ status: 'offline', lastSeenAt: null })
  })

  test('contacts take no memory while they see what strangers see', () => {
    const { value } = encodeRecord(newRecord('ada'), 'a')
    const read = decodeRecord('ada', value).record
    expect(read.contact).toBe(read.stranger)
    expect(JSON.parse(split(value)[1])).not.toHaveProperty('k')
  })

  test('R55 of a version too far away is refused', () => {
    const { value } = encodeRecord(newRecord('ada'), 'a')
    const later = value.replace(/^\d+/, String(SCHEMA_VERSION + 2))
    expect(() => decodeRecord('ada', later)).toThrowError(expect.objectContaining({ code: 'INCOMPATIBLE_NODES' }))
    expect(decodeRecord('ada', value.replace(/^\d+/, String(SCHEMA_VERSION + 1))).schema).toBe(SCHEMA_VERSION + 1)
  })

  test('may be forgotten only when nobody is there and nothing will happen', () => {
    const flag = (one: UserRecord) => encodeRecord(one, 'a').value.split(' ')[2]
    expect(flag(newRecord('ada'))).toBe('R')
    expect(flag({ ...newRecord('ada'), deadline: 5 })).toBe('L')
    const here = {
      sessionId: 's',
      nodeId: 'n',
      socketId: 's',
      deviceId: null,
      deviceType: 'web',
      connectedAt: 1,
      lastActivityAt: 1,
      lost: null,
    } as const
    expect(flag({ ...newRecord('ada'), sessions: [here] })).toBe('L')
  })
})

/** '<schema> <stamp> <flag>' and the JSON. */
function split(value: string): [head: string, json: string] {
  const at = value.indexOf(' {')
  return [value.slice(0, at), value.slice(at + 1)]
}
