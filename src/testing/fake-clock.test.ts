import { expect, test } from 'vitest'
import { fakeClock } from './fake-clock.ts'

/** Something that falls due at these moments, and notes when it was settled. */
function diary(deadlines: number[], now: () => number) {
  const settledAt: number[] = []
  return {
    settledAt,
    nextDeadline: async () => deadlines[0] ?? null,
    async settle() {
      settledAt.push(now())
      while (deadlines[0] !== undefined && deadlines[0] <= now()) deadlines.shift()
    },
  }
}

test('stands still, and stops at each deadline on the way', async () => {
  const clock = fakeClock(1_000)
  const follower = diary([1_500, 1_700, 9_000], clock.now)
  clock.follow(follower)
  await clock.advance(1_000)
  expect(clock.now()).toBe(2_000)
  expect(follower.settledAt).toEqual([1_000, 1_500, 1_700, 2_000])
})

test('two moves at once are made one after the other', async () => {
  const clock = fakeClock(0)
  const seen: number[] = []
  clock.follow({ nextDeadline: async () => null, settle: async () => void seen.push(clock.now()) })
  await Promise.all([clock.advance(10), clock.advance(5)])
  expect(clock.now()).toBe(15)
  expect(seen).toEqual([0, 10, 10, 15])
})

test('a deadline that stays due holds up nobody, and whoever stopped following is left alone', async () => {
  const clock = fakeClock(100)
  let settled = 0
  const unfollow = clock.follow({ nextDeadline: async () => 50, settle: async () => void settled++ })
  await clock.advance(0)
  unfollow()
  await clock.advance(1)
  expect(settled).toBe(1)
})

test('never moves back, and a follower that fails stops only that move', async () => {
  const clock = fakeClock(0)
  expect(() => clock.advance(-1)).toThrow(RangeError)
  expect(() => clock.advance(Number.NaN)).toThrow(RangeError)
  const unfollow = clock.follow({ nextDeadline: async () => null, settle: () => Promise.reject(new Error('broken')) })
  await expect(clock.advance(1)).rejects.toThrow('broken')
  unfollow()
  await clock.advance(1)
  expect(clock.now()).toBe(1)
})
