import { expect, test } from 'vitest'
import { lastSeenText } from './last-seen.ts'
import type { Status } from './status.ts'

const NOW = Date.UTC(2026, 10, 24, 18, 7)
const MINUTE = 60_000

test.each<[status: Status, text: string]>([
  ['online', 'online now'],
  ['away', 'away'],
  ['dnd', 'do not disturb'],
])('R13 words %s without a time', (status, text) => {
  expect(lastSeenText(status, NOW - 5 * MINUTE, NOW)).toBe(text)
})

test.each<[ago: number, text: string]>([
  [0, 'last seen just now'],
  [59_999, 'last seen just now'],
  [MINUTE, 'last seen 1 minute ago'],
  [5 * MINUTE, 'last seen 5 minutes ago'],
  [120 * MINUTE, 'last seen 2 hours ago'],
  [24 * 60 * MINUTE, 'last seen yesterday'],
  [3 * 24 * 60 * MINUTE, 'last seen 3 days ago'],
  // A clock that stepped back must not foretell.
  [-5 * MINUTE, 'last seen just now'],
])('R13 words what was %d ms ago', (ago, text) => {
  expect(lastSeenText('offline', NOW - ago, NOW)).toBe(text)
})

test.each<[at: number, text: string, german: string]>([
  [Date.UTC(2026, 10, 24, 18), 'last seen recently', 'heute'],
  [Date.UTC(2026, 10, 24, 12), 'last seen recently', 'heute'],
  [Date.UTC(2026, 10, 24, 6), 'last seen today', 'heute'],
  [Date.UTC(2026, 10, 23, 18), 'last seen this week', 'gestern'],
  [Date.UTC(2026, 10, 18), 'last seen this week', 'vor 6 Tagen'],
  [Date.UTC(2026, 10, 17, 18), 'last seen long ago', 'letzte Woche'],
  [Date.UTC(2026, 9, 1), 'last seen long ago', 'vor 7 Wochen'],
])('R38 words a bucket that begins at %d', (at, text, german) => {
  expect(lastSeenText('offline', at, NOW)).toBe(text)
  expect(lastSeenText('offline', at, NOW, 'de')).toBe(german)
})

test('R30 an unknown last seen is plainly offline', () => {
  expect(lastSeenText('offline', null, NOW)).toBe('offline')
})

test('R13 other languages get the relative time as Intl words it', () => {
  expect(lastSeenText('offline', NOW - 5 * MINUTE, NOW, 'fr')).toBe('il y a 5 minutes')
  expect(lastSeenText('offline', NOW, NOW, 'de')).toBe('jetzt')
})

test('R52 a locale that is none is worded in English', () => {
  expect(lastSeenText('offline', NOW - 5 * MINUTE, NOW, 'xx_YY')).toBe('5 minutes ago')
})
