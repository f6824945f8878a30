import { expect, test, vi } from 'vitest'
import { createStoreClock } from './store-clock.ts'

test('R7 goes by what Redis says, as of the middle of the round trip', () => {
  const clock = createStoreClock()
  const receivedAt = clock.monotonic()
  clock.learn(5_000_000, receivedAt - 10, receivedAt)
  expect(clock.now()).toBeGreaterThanOrEqual(5_000_005)
  expect(clock.now()).toBeLessThan(5_000_005 + 1_000)
})

test('R7 a slow answer that agrees within its doubt changes nothing', () => {
  const spy = vi.spyOn(performance, 'now').mockReturnValue(1_000)
  const clock = createStoreClock()
  clock.learn(5_000_000, 1_000, 1_000)
  clock.learn(5_000_200, 800, 1_000 + 400)
  expect(clock.now()).toBe(5_000_000)
  clock.learn(5_000_900, 999, 1_001)
  expect(clock.now()).toBe(5_000_900)
  spy.mockRestore()
})

test('R7 follows a clock of Redis that steps back: versions do not depend on it', () => {
  const clock = createStoreClock()
  const at = clock.monotonic()
  clock.learn(5_000_000, at, at)
  clock.learn(1_000_000, at, at)
  expect(clock.now()).toBeLessThan(2_000_000)
})
