import { describe, expect, test } from 'vitest'
import { infoFor, presenceInfo } from './info.ts'
import { newRecord, type UserRecord } from './user-record.ts'
import { UNSEEN } from './view.ts'

const SEEN_AT = Date.UTC(2026, 10, 24, 18, 30)

const hidden: UserRecord = {
  ...newRecord('marta'),
  visibility: { visible: false, since: null, version: 1 },
  own: { status: 'dnd', lastSeenAt: SEEN_AT, message: 'on a roof', version: 9 },
  stranger: { ...UNSEEN, version: 3 },
}

describe('what a viewer may be told', () => {
  test('R30 a hidden user reads exactly as somebody who was never here', () => {
    expect(infoFor(hidden, 'luc')).toEqual(infoFor(newRecord('marta'), 'luc'))
    expect(infoFor(hidden, 'luc')).toStrictEqual({
      userId: 'marta',
      online_status: 'offline',
      last_seen: null,
      show_status: true,
    })
  })

  test('R34 nobody in particular gets the view of a stranger', () => {
    expect(infoFor(hidden, null)).toEqual(infoFor(hidden, 'luc'))
  })

  test('R33 users read their own true state, and that they are hidden', () => {
    expect(infoFor(hidden, 'marta')).toStrictEqual({
      userId: 'marta',
      online_status: 'dnd',
      last_seen: '2026-11-24T18:30:00.000Z',
      custom_message: 'on a roof',
      show_status: false,
    })
  })

  test('R15 without a message there is no field for one', () => {
    expect(presenceInfo('marta', UNSEEN, true)).not.toHaveProperty('custom_message')
  })
})
