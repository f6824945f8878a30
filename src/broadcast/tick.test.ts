import { expect, test } from 'vitest'
import { stretch } from './tick.ts'

test('R42 a tick is as short as it was asked for while there is time, and five times as long when there is none', () => {
  expect([0, 0.2, 0.5].map(stretch)).toEqual([1, 1, 1])
  expect(stretch(0.75)).toBe(3)
  expect(stretch(1)).toBe(5)
})
