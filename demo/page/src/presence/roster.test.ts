import { describe, expect, test } from 'vitest'
import { createRoster } from './roster.ts'
import type { PresenceInfo, PresenceUpdate } from './wire.ts'

describe('a roster', () => {
  test('R7 never goes back to an older view, and compares versions as numbers, not as text', () => {
    const roster = createRoster()
    roster.apply(update({ status: 'away', version: '10' }))
    roster.apply(update({ status: 'online', version: '9' }))
    expect(roster.get('marta')?.status).toBe('away')
  })

  test('R41 takes a snapshot only where it is newer than the changes that overtook it', () => {
    const roster = createRoster()
    roster.apply(update({ status: 'dnd', version: '7' }))
    roster.adopt([info({ online_status: 'online' }), info({ userId: 'luc' })], { marta: '6', luc: '1' })
    expect(roster.get('marta')?.status).toBe('dnd')
    expect(roster.get('luc')?.status).toBe('online')
  })

  test('ignores a plain read of somebody whose news arrives', () => {
    const roster = createRoster()
    roster.expectNewsOf(new Set(['marta']))
    roster.apply(update({ status: 'dnd', version: '7' }))
    roster.seed([info({ online_status: 'online' })])
    expect(roster.get('marta')?.status).toBe('dnd')
  })

  test('believes a plain read of somebody whose news no longer arrives, and asks for all of them next time', () => {
    const roster = createRoster()
    roster.apply(update({ status: 'dnd', version: '7' }))
    roster.expectNewsOf(new Set())
    roster.seed([info({ online_status: 'offline' })])
    expect(roster.get('marta')?.status).toBe('offline')
    expect(roster.versions(['marta'])).toEqual({})
  })

  test('R14 tells of changes, not of first sights and repetitions', () => {
    const roster = createRoster()
    const heard: string[] = []
    roster.onChange(({ after }) => heard.push(after.status))
    roster.apply(update({ status: 'online', version: '1' }))
    roster.apply(update({ status: 'away', version: '2' }))
    roster.apply(update({ status: 'away', version: '3' }))
    expect(heard).toEqual(['away'])
  })
})

function info(overrides: Partial<PresenceInfo>): PresenceInfo {
  return { userId: 'marta', online_status: 'online', last_seen: null, show_status: true, ...overrides }
}

function update(overrides: Partial<PresenceUpdate>): PresenceUpdate {
  return {
    userId: 'marta',
    status: 'online',
    timestamp: '2026-01-01T00:00:00Z',
    last_seen: null,
    version: '1',
    ...overrides,
  }
}
