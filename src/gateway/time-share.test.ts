import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTimeShare } from './time-share.ts'

/** A share of a quarter, 20 ms at once and three who may wait, by a clock that only work and waiting move. */
function shares() {
  let now = 1_000
  const waits: number[] = []
  const inShare = createTimeShare({
    share: 0.25,
    burstMs: 20,
    mostWaiting: 3,
    clock: () => now,
    wait: async (ms) => {
      waits.push(ms)
      now += ms
    },
  })
  const pass = (ms: number): void => void (now += ms)
  return {
    waits,
    pass,
    now: () => now,
    work: (key: string, ms: number) => inShare(key, async () => pass(ms)),
    inShare,
  }
}

test('R53 whoever asks at ease never waits', async () => {
  const { work, pass, waits } = shares()
  for (let n = 0; n < 100; n += 1) {
    await work('ana', 5)
    pass(15)
  }
  expect(waits).toEqual([])
})

test('R53 whoever asks all the time gets a share of it, whatever a piece of work takes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 50, maxLength: 200 }), async (pieces) => {
      const { work, now } = shares()
      const since = now()
      for (const ms of pieces) await work('ana', ms)
      const worked = pieces.reduce((sum, ms) => sum + ms, 0)
      // What was done at once, and the last piece, which nobody waited for yet.
      expect(worked).toBeLessThanOrEqual(0.25 * (now() - since) + 20 + 50)
      expect(worked).toBeGreaterThanOrEqual(Math.min(0.25 * (now() - since), worked))
    }),
  )
})

test('R53 nobody waits for somebody else', async () => {
  const { work, waits } = shares()
  for (let n = 0; n < 10; n += 1) await work('ana', 10)
  const before = waits.length
  expect(before).toBeGreaterThan(0)
  await work('ben', 10)
  expect(waits).toHaveLength(before)
})

test('work of one key runs in the order in which it came, and what fails is charged like anything else', async () => {
  const { inShare, pass, waits } = shares()
  const done: number[] = []
  const failing = inShare('ana', async () => {
    pass(40)
    throw new Error('no')
  })
  const second = inShare('ana', async () => void done.push(2))
  const third = inShare('ana', async () => void done.push(3))
  await expect(failing).rejects.toThrow('no')
  await Promise.all([second, third])
  expect(done).toEqual([2, 3])
  // 40 ms of work are even after 160 ms, of which 40 passed and 80 may be owed.
  expect(waits).toEqual([40])
})

test('a piece that waits for a slow database does not keep its own people waiting for seconds', async () => {
  const { work, waits } = shares()
  await work('ana', 30_000)
  await work('ana', 1)
  expect(waits).toEqual([])
})

test('R53 whoever asks for more than can wait is refused, and may come again', async () => {
  const { inShare } = shares()
  let finish: () => void = () => {}
  const first = inShare('ana', () => new Promise<void>((resolve) => (finish = resolve)))
  const others = [inShare('ana', async () => {}), inShare('ana', async () => {})]
  await expect(inShare('ana', async () => {})).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true })
  await inShare('ben', async () => {})
  finish()
  await Promise.all([first, ...others])
  await inShare('ana', async () => {})
})
