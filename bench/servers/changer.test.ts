import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createChanger } from './changer.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const plan = { users: ['a', 'b'], sequence: [0, 1], perSecond: 100, burst: 10 }

test('users come and go in turn, at the pace asked for', async () => {
  const made: string[] = []
  const changer = createChanger((userId, present) => made.push(`${present ? '+' : '-'}${userId}`))
  changer.start(plan)
  vi.advanceTimersByTime(55)
  const outcome = await changer.stop()
  expect(made).toEqual(['+a', '+b', '-a', '-b', '+a'])
  expect(outcome).toEqual({ made: 5, failed: 0, times: [3, 2], present: [true, false] })
  vi.advanceTimersByTime(1_000)
  expect(made).toHaveLength(5)
})

test('who is present already stays so into the next plan', async () => {
  const made: boolean[] = []
  const changer = createChanger((_, present) => made.push(present))
  await changer.setAll(['a', 'b'], true)
  await changer.setAll(['a', 'b'], true)
  expect(made).toEqual([true, true])
  changer.start(plan)
  vi.advanceTimersByTime(10)
  expect((await changer.stop()).present).toEqual([false, true])
})

test('what is overdue beyond a burst is left out, not caught up with', async () => {
  const changer = createChanger(() => {})
  changer.start({ ...plan, perSecond: 1_000, burst: 3 })
  vi.advanceTimersByTime(1)
  // As a blocked event loop does: a hundred are due when it turns again.
  const blocked = performance.now() + 100
  vi.spyOn(performance, 'now').mockImplementation(() => blocked)
  vi.advanceTimersToNextTimer()
  expect((await changer.stop()).made).toBe(1 + 3)
  vi.restoreAllMocks()
})

test('a failed change is counted, and waited for', async () => {
  const changer = createChanger(() => Promise.reject(new Error('no')))
  changer.start(plan)
  vi.advanceTimersByTime(25)
  expect(await changer.stop()).toMatchObject({ made: 2, failed: 2 })
})

test('turns are left out while the network has not taken what was written, where the plan says so', async () => {
  for (const awaitNetwork of [true, false]) {
    const changer = createChanger(
      () => {},
      () => false,
    )
    changer.start({ ...plan, awaitNetwork })
    vi.advanceTimersByTime(50)
    expect((await changer.stop()).made).toBe(awaitNetwork ? 0 : 5)
  }
})
