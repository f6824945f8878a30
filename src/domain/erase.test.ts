import { describe, expect, test } from 'vitest'
import { erase, outlives } from './erase.ts'
import { choose, connect, mergeActivity, setVisible } from './steps.ts'
import { newRecord, type UserRecord } from './user-record.ts'

const NOW = 1_800_000_000_000
const RULES = { graceMs: 0, mobileGraceMs: 0, idleAfterMs: 1_000, activityFlushMs: 1_000, maxSessionsPerUser: 20 }

function livedIn({ visible }: { visible: boolean }): UserRecord {
  const session = {
    sessionId: 's1',
    nodeId: 'a',
    socketId: 'x',
    deviceId: 'phone',
    deviceType: 'web',
    connectedAt: NOW,
    lastActivityAt: NOW,
    lost: null,
  } as const
  const here = connect(newRecord('ben'), session, NOW, RULES).record
  const choice = { status: 'dnd', message: 'On a roof', expiresAt: NOW + 60_000, version: here.version + 1 } as const
  const chosen = choose(here, choice, NOW + 1, RULES).record
  return visible ? chosen : setVisible(chosen, false, chosen.version + 1, NOW + 2, RULES).record
}

describe('erase', () => {
  test.each([{ visible: true }, { visible: false }])(
    'R35 leaves nothing but versions of somebody who was there: %o',
    (was) => {
      const before = livedIn(was)
      const { record, ended } = erase(before, NOW + 5, RULES)
      const blank = newRecord('ben')
      const { version } = record
      expect(record).toEqual({
        ...blank,
        version,
        revoked: [{ sessionId: 's1', why: 'SIGNED_OUT', at: NOW + 5 }],
        choice: { ...blank.choice, version },
        visibility: { ...blank.visibility, since: NOW + 5, contactSince: NOW + 5, version },
        own: { ...blank.own, version },
        // Of somebody hidden nothing was shown, so nothing moves (R31).
        contact: { ...blank.stranger, version: was.visible ? version : record.stranger.version },
        stranger: { ...blank.stranger, version: was.visible ? version : record.stranger.version },
      })
      expect(ended.map(({ session }) => session.sessionId)).toEqual(['s1'])
    },
  )

  test('R7 versions only grow, so what was decided or observed before is older', () => {
    const before = livedIn({ visible: true })
    const { record } = erase(before, NOW - 60_000, RULES)
    expect(record.version).toBeGreaterThan(before.version)
    expect(record.stranger.version).toBeGreaterThan(before.stranger.version)
    expect([outlives(before, record), outlives(record, record)]).toEqual([true, false])
    expect(choose(record, before.choice, NOW, RULES).record.choice).toEqual(record.choice)
  })

  test('R35 activity of sessions that are over brings nothing back', () => {
    const { record } = erase(livedIn({ visible: true }), NOW + 5, RULES)
    expect(mergeActivity(record, new Map([['s1', NOW + 4]]), NOW + 9)).toEqual(record)
  })
})
