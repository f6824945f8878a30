import { describe, expect, test } from 'vitest'
import { PresenceError } from './domain/errors.ts'
import { environmentName, OPTION_RANGES, optionsFromEnvironment, resolveOptions } from './options.ts'

const NAMES = Object.keys(OPTION_RANGES) as (keyof typeof OPTION_RANGES)[]

describe('resolveOptions', () => {
  test('R53 fills in every default, and the defaults agree with each other', () => {
    const defaults = Object.fromEntries(NAMES.map((name) => [name, OPTION_RANGES[name][0]]))
    expect(resolveOptions()).toEqual(defaults)
    expect(resolveOptions()).toMatchObject({ graceMs: 10_000, idleAfterMs: 300_000, maxSessionsPerUser: 20 })
  })

  test.each(NAMES)('R53 %s keeps to its range', (name) => {
    const [fallback, min, max] = OPTION_RANGES[name]
    expect(fallback).toBeGreaterThanOrEqual(min)
    expect(fallback).toBeLessThanOrEqual(max)
    for (const wrong of [min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusalOf({ [name]: wrong })).toContain(`${name} is ${wrong}`)
    }
  })

  test('R52 says everything that is wrong at once', () => {
    const refusal = refusalOf({ graceMs: -1, retentionDays: 0 })
    expect(refusal).toContain('graceMs is -1')
    expect(refusal).toContain('retentionDays is 0')
  })

  test('R52 refuses graces and limits that contradict each other', () => {
    expect(refusalOf({ graceMs: 40_000, mobileGraceMs: 39_999 })).toContain('needs at least graceMs (40000)')
    expect(refusalOf({ eventsPerSecond: 61 })).toContain('eventsBurst is 60')
  })

  test('R32 R52 refuses a time for caches that they cannot keep', () => {
    expect(refusalOf({ edgeMaxAgeMs: 1_999 })).toContain('needs 0 or at least 2000')
    expect(resolveOptions({ edgeMaxAgeMs: 0 }).edgeMaxAgeMs).toBe(0)
    expect(resolveOptions({ edgeMaxAgeMs: 2_000 }).edgeMaxAgeMs).toBe(2_000)
  })
})

describe('optionsFromEnvironment', () => {
  test('R53 reads each option by its own variable', () => {
    expect(environmentName('mobileGraceMs')).toBe('PRESENCE_MOBILE_GRACE_MS')
    for (const name of NAMES) {
      expect(optionsFromEnvironment({ [environmentName(name)]: ' 12345 ' })).toMatchObject({ [name]: 12_345 })
    }
  })

  test('R53 takes nothing from variables that are empty or not ours', () => {
    expect(optionsFromEnvironment({ PRESENCE_GRACE_MS: ' ', PRESENCE_RATE_LIMIT: 'off', PORT: '80' })).toEqual({})
  })

  test('R52 what is no number is refused by its name', () => {
    expect(refusalOf(optionsFromEnvironment({ PRESENCE_DRAIN_MS: 'ten' }))).toContain('drainMs is NaN')
  })

  test('R3 a longer grace alone takes that of phones along', () => {
    expect(resolveOptions(optionsFromEnvironment({ PRESENCE_GRACE_MS: '60000' })).mobileGraceMs).toBe(60_000)
    expect(resolveOptions({ graceMs: 60_000 }).mobileGraceMs).toBe(60_000)
    expect(resolveOptions(optionsFromEnvironment({ PRESENCE_GRACE_MS: '500' })).mobileGraceMs).toBe(30_000)
  })

  test('R5 R50 a shorter lease alone takes the wait for Redis along, which may take a third of it', () => {
    expect(resolveOptions({ nodeLeaseMs: 1_200 }).storeTimeoutMs).toBe(400)
    expect(resolveOptions({ nodeLeaseMs: 60_000 }).storeTimeoutMs).toBe(1_000)
    expect(refusalOf({ nodeLeaseMs: 1_200, storeTimeoutMs: 401 })).toContain('at most a third of nodeLeaseMs (1200)')
  })
})

function refusalOf(given: Parameters<typeof resolveOptions>[0]): string {
  try {
    resolveOptions(given)
  } catch (error) {
    if (error instanceof PresenceError && error.code === 'INVALID_OPTION') return error.message
    throw error
  }
  throw new Error('It was not refused.')
}
