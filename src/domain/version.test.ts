import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextVersion, versionTime } from './version.ts'

test('R7 a version is the clock in microseconds', () => {
  expect(nextVersion(0, 1_700_000_000_000)).toBe(1_700_000_000_000_000)
  expect(versionTime(1_700_000_000_000_999)).toBe(1_700_000_000_000)
})

test('R7 versions grow strictly, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 4_000_000_000_000 }), { minLength: 2 }), (moments) => {
      let version = 0
      for (const now of moments) {
        const next = nextVersion(version, now)
        expect(next).toBeGreaterThan(version)
        expect(Number.isSafeInteger(next)).toBe(true)
        version = next
      }
    }),
  )
})

test('R7 a clock that steps back costs one, not the difference', () => {
  expect(nextVersion(5_000_000, 1_000)).toBe(5_000_001)
})
