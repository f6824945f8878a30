import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DURATION_MS, parseDuration } from './duration.ts'

describe('parseDuration', () => {
  test.each<[text: string, ms: number]>([
    ['30s', 30_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['90d', MAX_DURATION_MS],
    ['7776000s', MAX_DURATION_MS],
  ])('R52 reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    '',
    '0s',
    '05m',
    '-1h',
    '1.5h',
    '1 h',
    '1H',
    'h',
    '1',
    '1w',
    '91d',
    '7776001s',
    '1h30m',
    ' 1h',
    '1h\n',
    '٣h',
  ])('R52 refuses %j', (text) => {
    expect(parseDuration(text)).toBeNull()
  })

  test('R52 never answers more than the longest duration, nor less than a second', () => {
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), fc.constantFrom('s', 'm', 'h', 'd'), (count, unit) => {
        const ms = parseDuration(`${count}${unit}`)
        return ms === null || (ms >= 1_000 && ms <= MAX_DURATION_MS)
      }),
    )
  })
})
