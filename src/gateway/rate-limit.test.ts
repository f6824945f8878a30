import { expect, test } from 'vitest'
import { createRateLimiter } from './rate-limit.ts'

test('R53 lets a burst through, then the average', () => {
  let now = 0
  const limiter = createRateLimiter({ perSecond: 20, burst: 60 }, () => now)
  const taken = (calls: number) => Array.from({ length: calls }, () => limiter.take('alice')).filter(Boolean).length

  expect(taken(100)).toBe(60)
  now += 500
  expect(taken(100)).toBe(10)
  now += 60_000
  expect(taken(100)).toBe(60)
})

test('R53 counts every user apart', () => {
  const limiter = createRateLimiter({ perSecond: 1, burst: 1 }, () => 0)
  expect([limiter.take('alice'), limiter.take('alice'), limiter.take('bob')]).toEqual([true, false, true])
})

test('R53 still limits a busy user after thousands of others came by', () => {
  let now = 0
  const limiter = createRateLimiter({ perSecond: 1, burst: 2 }, () => now)
  limiter.take('alice')
  limiter.take('alice')
  for (let other = 0; other < 5_000; other += 1) limiter.take(`user ${other}`)
  now += 10
  expect(limiter.take('alice')).toBe(false)
})

test('R53 lets a costly call wait for its share, and one that costs more than all for a full bucket', () => {
  let now = 0
  const limiter = createRateLimiter({ perSecond: 10, burst: 100 }, () => now)
  expect([limiter.take('ada', 60), limiter.take('ada', 60), limiter.take('ada', 40)]).toEqual([true, false, true])
  now += 9_000
  expect(limiter.take('ada', 5_000)).toBe(false)
  now += 1_000
  expect(limiter.take('ada', 5_000)).toBe(true)
})
