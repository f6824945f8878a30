import { describe, expect, test } from 'vitest'
import { differences, median, ratios, slope, spreadOf, upperDecile } from './statistics.ts'

describe('the middle', () => {
  test('is the value in the middle, or halfway between two, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
  })

  test('does not exist of nothing', () => {
    expect(() => median([])).toThrow(RangeError)
  })
})

test('the upper decile is what nine tenths do not exceed', () => {
  expect(upperDecile([5, 1, 9, 3, 7, 2, 8, 4, 10, 6])).toBe(9)
  expect(upperDecile([7])).toBe(7)
  expect(() => upperDecile([])).toThrow(RangeError)
})

describe('ours against the reference', () => {
  test('is compared repetition by repetition, not middle by middle', () => {
    // The machine was ten times slower in the second repetition, for both.
    expect(ratios([1, 10, 3], [2, 20, 4])).toEqual([0.5, 0.5, 0.75])
    expect(differences([5, 7], [2, 9])).toEqual([3, -2])
  })

  test('is refused when repetitions are missing, or a quantity is lost in noise', () => {
    expect(() => ratios([1, 2], [1])).toThrow('2 against 1 repetitions')
    expect(() => ratios([1], [0])).toThrow(RangeError)
    expect(() => ratios([35], [-0.3])).toThrow(RangeError)
    expect(() => ratios([-1], [2])).toThrow(RangeError)
  })
})

test('a slope is that of the line through the points', () => {
  expect(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
  ).toBeCloseTo(2)
  expect(
    slope([
      [0, 4],
      [5, 4],
    ]),
  ).toBe(0)
  expect(slope([[1, 4]])).toBe(0)
})
