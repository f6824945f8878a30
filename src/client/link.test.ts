import { expect, test } from 'vitest'
import { CONNECTION_TABLE, type ConnectionEvent, type ConnectionState } from './connection-state.ts'
import { createLink } from './link.ts'

const STATES: readonly ConnectionState[] = ['closed', 'connecting', 'live', 'stale']
const EVENTS: readonly ConnectionEvent[] = ['open', 'accepted', 'lost', 'overdue', 'close']

test('every state answers every event: only opening leaves closed, only an answer makes live, closing always closes', () => {
  for (const state of STATES) {
    expect(Object.keys(CONNECTION_TABLE[state]).toSorted()).toEqual(EVENTS.toSorted())
    expect(CONNECTION_TABLE[state].close).toBe('closed')
    expect(CONNECTION_TABLE[state].accepted).toBe(state === 'closed' ? 'closed' : 'live')
    for (const event of EVENTS) {
      const next = CONNECTION_TABLE[state][event]
      expect(STATES).toContain(next)
      if (state === 'closed' && event !== 'open') expect(next).toBe('closed')
      if (event !== 'accepted' && state !== 'live') expect(next).not.toBe('live')
    }
  }
})

test('R45 a link is stale when it is overdue: failed attempts do not start the time anew, and late news of a loss counts', () => {
  let now = 0
  let due: { at: number; run: () => void } | null = null
  const link = createLink(
    {
      now: () => now,
      after(ms, run) {
        due = { at: now + ms, run }
        return () => {
          due = null
        }
      },
    },
    2_000,
  )
  expect(link.get()).toEqual({ state: 'closed', reason: 'not-opened' })
  link.opened()
  link.accepted()
  expect(link.get()).toEqual({ state: 'live', reason: null })
  expect(due).toBeNull()
  link.lost(0)
  now = 1_500
  link.lost(1_500)
  expect(due).toMatchObject({ at: 2_000 })
  const before = link.get()
  expect(link.get()).toBe(before)
  const { run } = due as unknown as { run: () => void }
  run()
  expect(link.get().state).toBe('stale')
  link.accepted()
  now = 90_000
  link.lost(10_000)
  expect(due).toMatchObject({ at: 90_000 })
  link.closed('signed-out')
  expect(due).toBeNull()
  expect(link.get()).toEqual({ state: 'closed', reason: 'signed-out' })
})
