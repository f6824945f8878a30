import { describe, expect, test } from 'vitest'
import { audienceOf, ownInfo, presenceInfo, standingOf, viewAt } from './info.ts'
import { newRecord, type UserRecord } from './user-record.ts'
import { UNSEEN } from './view.ts'
import { VISIBLE } from './visibility.ts'

const SEEN_AT = Date.UTC(2026, 10, 24, 18, 30)

const hidden: UserRecord = {
  ...newRecord('marta'),
  visibility: { ...VISIBLE, visible: false, version: 1 },
  own: { status: 'dnd', lastSeenAt: SEEN_AT, message: 'on a roof', version: 9 },
  contact: { ...UNSEEN, version: 3 },
  stranger: { ...UNSEEN, version: 3 },
}

const toOthers = (record: UserRecord, viewerId: string | null) =>
  presenceInfo(record.userId, viewAt(record, standingOf(record.pairs, viewerId, 'stranger')), true)

describe('what a viewer may be told', () => {
  test('R30 a hidden user reads exactly as somebody who was never here', () => {
    expect(toOthers(hidden, 'luc')).toEqual(toOthers(newRecord('marta'), 'luc'))
    expect(toOthers(hidden, 'luc')).toStrictEqual({
      userId: 'marta',
      online_status: 'offline',
      last_seen: null,
      show_status: true,
    })
  })

  test('R34 nobody in particular gets the view of a stranger', () => {
    expect(toOthers(hidden, null)).toEqual(toOthers(hidden, 'luc'))
  })

  test('R33 users read their own true state, and that they are hidden', () => {
    expect(ownInfo(hidden)).toStrictEqual({
      userId: 'marta',
      online_status: 'dnd',
      last_seen: '2026-11-24T18:30:00.000Z',
      custom_message: 'on a roof',
      show_status: false,
    })
  })

  test('R36 who somebody is, the record says as far as it can', () => {
    const levels = { status: 'contacts', lastSeen: 'everyone', coarse: false } as const
    const shy = { ...newRecord('marta'), visibility: { ...VISIBLE, levels } }
    const pairs = [{ viewerId: 'luc', blocked: true, version: 5, floor: 5 }]
    expect(['marta', 'luc', null].map((viewer) => audienceOf(shy, viewer))).toEqual(['own', 'asks', 'stranger'])
    expect(audienceOf({ ...shy, pairs }, 'luc')).toBe('nobody')
    // While everything is hidden, and of whom tells all the same, the host need not be asked.
    expect(audienceOf({ ...shy, visibility: { ...VISIBLE, levels, visible: false } }, 'luc')).toBe('stranger')
    expect(audienceOf(newRecord('marta'), 'luc')).toBe('stranger')
  })

  test('R15 without a message there is no field for one', () => {
    expect(presenceInfo('marta', UNSEEN, true)).not.toHaveProperty('custom_message')
  })
})
