import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PresenceChange } from './contract.ts'
import { createRoster } from './roster.ts'
import type { Timers } from './surroundings.ts'
import type { View } from './view.ts'

const LIMITS = { overdueAfterMs: 2_000, staleAfterMs: 30_000 }
const STATUSES = ['online', 'away', 'dnd', 'offline'] as const

describe('a roster', () => {
  test('R7 never goes back to an older view, and compares versions as numbers, not as text', () => {
    const { roster } = setUp('marta')
    roster.adopt([view('marta', 10, 'away')], ['marta'])
    roster.adopt([view('marta', 9, 'online')], ['marta'])
    expect(roster.get('marta').status).toBe('away')
  })

  test('R7 R41 shows the newest view whatever the order in which snapshot and changes arrive', () => {
    const history = fc.array(fc.constantFrom(...STATUSES), { minLength: 1, maxLength: 8 })
    const order = fc.infiniteStream(fc.nat())
    fc.assert(
      fc.property(history, order, (statuses, picks) => {
        const { roster } = setUp('marta')
        // Versions as the server makes them: beyond what a double can tell apart.
        const views = statuses.map((status, index) => view('marta', 9_007_199_254_740_993n + BigInt(index), status))
        const left = [...views, ...views]
        let shown = -1
        while (left.length > 0) {
          const [next] = left.splice((picks.next().value ?? 0) % left.length, 1)
          if (!next) break
          roster.adopt([next], [])
          const held = views.findIndex(({ version }) => version === roster.held()[0]?.version)
          expect(held).toBeGreaterThanOrEqual(shown)
          expect(roster.get('marta').status).toBe(views[held]?.status)
          shown = held
        }
        expect(shown).toBe(views.length - 1)
      }),
    )
  })

  test('answers the same object until something changed, and tells once when it did', () => {
    const { roster } = setUp('marta')
    expect(roster.get('luc')).toBe(roster.get('luc'))
    roster.adopt([view('marta', 1, 'online')], ['marta'])
    const before = roster.get('marta')
    let told = 0
    const stop = roster.subscribe('marta', () => {
      told += 1
    })
    roster.adopt([view('marta', 2, 'online')], ['marta'])
    expect(roster.get('marta')).toBe(before)
    expect(told).toBe(0)
    roster.adopt([view('marta', 3, 'away')], ['marta'])
    expect(told).toBe(1)
    stop()
    roster.adopt([view('marta', 4, 'dnd')], ['marta'])
    expect(told).toBe(1)
  })

  test('R14 tells of changes, not of first sights', () => {
    const { roster, changes } = setUp('marta')
    roster.adopt([view('marta', 1, 'online')], ['marta'])
    expect(changes).toEqual([])
    roster.adopt([view('marta', 2, 'away')], ['marta'])
    expect(changes.map(({ before, after }) => [before.status, after.status])).toEqual([['online', 'away']])
  })

  test('R45 turns stale, then unknown, when contact is lost, and is right when it is vouched for again', () => {
    const { roster, advance } = setUp('marta')
    roster.adopt([view('marta', 1, 'online')], ['marta'])
    roster.lost(0)
    advance(1_999)
    expect(roster.get('marta')).toMatchObject({ status: 'online', stale: false })
    advance(1)
    expect(roster.get('marta')).toMatchObject({ status: 'online', stale: true })
    // Attempts that fail start nothing anew, and a server that is there has not vouched yet.
    roster.lost(2_000)
    roster.accepted()
    advance(28_000)
    expect(roster.get('marta')).toMatchObject({ status: 'unknown', stale: true })
    roster.adopt([], ['marta'])
    expect(roster.get('marta')).toMatchObject({ status: 'online', stale: false })
    advance(60_000)
    expect(roster.get('marta')).toMatchObject({ status: 'online', stale: false })
  })

  test('R45 a loss noticed late counts from when it was', () => {
    const { roster, advance } = setUp('marta')
    roster.adopt([view('marta', 1, 'online')], ['marta'])
    advance(3_600_000)
    roster.lost(0)
    expect(roster.get('marta')).toMatchObject({ status: 'unknown', stale: true })
  })

  test('R45 nobody asked about turns unknown only because a tunnel was short', () => {
    const { roster, advance } = setUp()
    roster.seed([{ userId: 'luc', online_status: 'online', last_seen: null, show_status: true }])
    roster.lost(0)
    advance(1_000)
    roster.accepted()
    advance(60_000)
    expect(roster.get('luc')).toMatchObject({ status: 'online', stale: false })
  })

  test('R45 somebody who is asked about and never answered for turns stale', () => {
    const { roster, advance } = setUp()
    roster.accepted()
    roster.seed([{ userId: 'luc', online_status: 'online', last_seen: null, show_status: true }])
    advance(10_000)
    roster.expect(new Set(['luc']))
    expect(roster.get('luc').stale).toBe(false)
    advance(2_000)
    expect(roster.get('luc')).toMatchObject({ status: 'online', stale: true })
  })

  test('takes what a list said until news arrives, and again when nobody tells any more', () => {
    const { roster } = setUp('marta')
    const seed = { userId: 'marta', online_status: 'dnd', last_seen: null, show_status: true } as const
    roster.adopt([view('marta', 1, 'online')], ['marta'])
    roster.seed([seed])
    expect(roster.get('marta').status).toBe('online')
    roster.expect(new Set())
    expect(roster.held()).toEqual([])
    roster.seed([seed])
    expect(roster.get('marta').status).toBe('dnd')
  })

  test('R13 takes no plain read that is surely older than the one before, and does not take it for a sign of life', () => {
    const { roster, advance } = setUp()
    const read = (minute: number | null, online_status: 'online' | 'offline') => {
      const last_seen = minute === null ? null : new Date(minute * 60_000).toISOString()
      roster.seed([{ userId: 'luc', online_status, last_seen, show_status: true }])
      return roster.get('luc').status
    }
    expect(read(10, 'online')).toBe('online')
    expect(read(11, 'offline')).toBe('offline')
    roster.lost(0)
    advance(2_000)
    expect(read(10, 'online')).toBe('offline')
    expect(roster.get('luc').stale).toBe(true)
    expect(read(11, 'online')).toBe('online')
    expect(roster.get('luc').stale).toBe(false)
    // Who hides was never seen, and who shows again goes on from where they were.
    expect(read(null, 'offline')).toBe('offline')
    expect(read(9, 'offline')).toBe('offline')
    expect(roster.get('luc').lastSeen).not.toBeNull()
  })

  test('forgets the oldest of those nobody asks for, never those on the page', () => {
    const { roster } = setUp('marta')
    roster.subscribe('listened', () => undefined)
    roster.adopt([view('marta', 1, 'online')], ['marta'])
    const seeds = Array.from({ length: 3_000 }, (_, index) => String(index))
    for (const userId of ['listened', ...seeds]) {
      roster.seed([{ userId, online_status: 'online', last_seen: null, show_status: true }])
    }
    roster.expect(new Set(['marta', 'luc']))
    const known = seeds.filter((userId) => roster.get(userId).status === 'online')
    expect(known.length).toBeLessThanOrEqual(1_000)
    expect(known.at(-1)).toBe('2999')
    expect(roster.get('marta').status).toBe('online')
    expect(roster.get('listened').status).toBe('online')
  })
})

function setUp(...expected: string[]) {
  const clock = createClock()
  const roster = createRoster(clock.timers, LIMITS)
  const changes: PresenceChange[] = []
  roster.onChange((change) => changes.push(change))
  roster.expect(new Set(expected))
  return { roster, changes, advance: clock.advance }
}

/** Time that passes when it is told to, timers included. */
function createClock(): { timers: Timers; advance(ms: number): void } {
  let now = 0
  const due = new Set<{ at: number; run: () => void }>()
  return {
    timers: {
      now: () => now,
      after(ms, run) {
        const timer = { at: now + ms, run }
        due.add(timer)
        return () => void due.delete(timer)
      },
    },
    advance(ms) {
      const until = now + ms
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)
        if (!next) break
        due.delete(next)
        now = Math.max(now, next.at)
        next.run()
      }
      now = until
    },
  }
}

const view = (userId: string, version: number | bigint, status: View['status']): View => ({
  userId,
  status,
  lastSeen: null,
  message: null,
  version: String(version),
})
