import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PresenceError } from './errors.ts'
import { MAX_MESSAGE_LENGTH, normalizeMessage } from './message.ts'

const FAMILY = '👨‍👩‍👧‍👦'

describe('normalizeMessage', () => {
  test.each<[name: string, raw: string | null, stored: string | null]>([
    ['keeps plain words', 'Back at 15:30', 'Back at 15:30'],
    ['trims', '  on the roof \t', 'on the roof'],
    ['clears by null', null, null],
    ['clears by an empty text', '', null],
    ['clears by blanks alone', ' \u00a0 ', null],
    ['keeps emoji with joiners', `${FAMILY} 🔧`, `${FAMILY} 🔧`],
    ['keeps combining marks as they came', 'cafe\u0301', 'cafe\u0301'],
    ['keeps right-to-left words', 'مشغول حتى الثالثة', 'مشغول حتى الثالثة'],
  ])('R15 %s', (_name, raw, stored) => {
    expect(normalizeMessage(raw)).toBe(stored)
  })

  test.each<[name: string, unit: string]>([
    ['letters', 'x'],
    ['emoji of two UTF-16 units', '🔧'],
    ['combining marks', '\u0301'],
  ])('R15 counts code points: 100 %s pass, 101 do not', (_name, unit) => {
    expect(normalizeMessage(unit.repeat(MAX_MESSAGE_LENGTH))).toBe(unit.repeat(100))
    expect(refusalOf(unit.repeat(MAX_MESSAGE_LENGTH + 1))).toMatchObject({ code: 'INVALID_MESSAGE', retryable: false })
  })

  test('R15 measures what is stored, after trimming', () => {
    expect(normalizeMessage(` ${'x'.repeat(100)} `)).toHaveLength(100)
  })

  test.each<[name: string, character: string]>([
    ['NUL', '\0'],
    ['a line break', '\n'],
    ['an escape', '\u001b'],
    ['a C1 control', '\u0085'],
    ['a line separator', '\u2028'],
    ['a bidi embedding', '\u202a'],
    ['a bidi override', '\u202e'],
    ['a bidi isolate', '\u2066'],
    ['the end of an isolate', '\u2069'],
    ['a lone high surrogate', '\ud83d'],
    ['a lone low surrogate', '\udd27'],
  ])('R15 refuses %s', (_name, character) => {
    expect(refusalOf(`a${character}b`)).toMatchObject({ code: 'INVALID_MESSAGE' })
  })

  test('R15 what it lets through is trimmed, short enough, and unchanged by a second pass', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (raw) => {
        if (refusalOf(raw) !== null) return
        const stored = normalizeMessage(raw)
        expect(normalizeMessage(stored)).toBe(stored)
        if (stored === null) return
        expect(stored).toBe(stored.trim())
        expect(Array.from(stored).length).toBeLessThanOrEqual(100)
        expect(stored).not.toMatch(/\p{Cs}/u)
      }),
    )
  })
})

function refusalOf(raw: string): PresenceError | null {
  try {
    normalizeMessage(raw)
    return null
  } catch (error) {
    if (error instanceof PresenceError) return error
    throw error
  }
}
