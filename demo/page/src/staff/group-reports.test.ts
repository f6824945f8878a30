import type { MessageReport } from 'porchlight/protocol'
import { expect, test } from 'vitest'
import { groupReports } from './group-reports.ts'

const report = (id: number, userId: string, message: string, reason: string | null = null): MessageReport => {
  return { id: String(id), userId, message, status: 'online', reason, reported_at: `2026-11-28T20:00:0${id}.000Z` }
}

test('tells of each person once, whoever waits for longest first, with each message and what was said against it', () => {
  const people = groupReports([
    report(1, 'ben', 'Rude', 'Not nice'),
    report(2, 'eva', 'Loud'),
    report(3, 'ben', 'Rude'),
    report(4, 'ben', 'Ruder', 'Worse'),
    report(5, 'ben', 'Rude', 'Still not'),
  ])
  expect(people).toEqual([
    {
      userId: 'ben',
      count: 4,
      messages: [
        { message: 'Rude', count: 3, since: '2026-11-28T20:00:01.000Z', reasons: ['Not nice', 'Still not'] },
        { message: 'Ruder', count: 1, since: '2026-11-28T20:00:04.000Z', reasons: ['Worse'] },
      ],
    },
    {
      userId: 'eva',
      count: 1,
      messages: [{ message: 'Loud', count: 1, since: '2026-11-28T20:00:02.000Z', reasons: [] }],
    },
  ])
})
