import { expect, test } from 'vitest'
import { createExpiries } from './expiries.ts'

test('R60 hands out what has ended, once, and never before its second', () => {
  const expiries = createExpiries<object>()
  const [a, b, c] = [{}, {}, {}]
  expiries.set(a, 10_000)
  expiries.set(b, 10_001)
  expiries.set(c, 10_000)
  expect(expiries.next()).toBe(10_000)
  expect(expiries.takeDue(9_999)).toEqual([])
  const due = expiries.takeDue(10_000)
  expect(due).toHaveLength(2)
  expect(due[0]).toBe(a)
  expect(due[1]).toBe(c)
  expect(expiries.takeDue(10_999)).toEqual([])
  expect(expiries.next()).toBe(11_000)
  expect(expiries.takeDue(99_000)).toHaveLength(1)
  expect(expiries.next()).toBeNull()
})

test('R60 goes by the last word about each', () => {
  const expiries = createExpiries<object>()
  const [a, b] = [{}, {}]
  expiries.set(a, 5_000)
  expiries.set(a, 50_000)
  expiries.set(b, 5_000)
  expiries.set(b, null)
  expect(expiries.takeDue(49_000)).toEqual([])
  expect(expiries.takeDue(50_000)).toHaveLength(1)
})
