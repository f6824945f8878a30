import { expect, test } from 'vitest'
import { createPace } from './pace.ts'

/** Ten a second, three at once, two who may wait. */
function paces() {
  let now = 5_000
  const waits: number[] = []
  const pace = createPace({
    perSecond: 10,
    burst: 3,
    mostWaiting: 2,
    clock: () => now,
    wait: async (ms) => void waits.push(ms),
  })
  return { pace, waits, pass: (ms: number) => void (now += ms) }
}

test('R53 whoever comes too often waits, each for the one before', async () => {
  const { pace, waits } = paces()
  for (let n = 0; n < 5; n += 1) await pace('ana')
  expect(waits).toEqual([100, 200])
})

test('R53 whoever cannot wait any more is refused, and charged nothing for it', async () => {
  const { pace, pass, waits } = paces()
  for (let n = 0; n < 5; n += 1) await pace('ana')
  await expect(pace('ana')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 300 })
  await pace('ben')
  pass(300)
  await pace('ana')
  expect(waits).toEqual([100, 200])
})

test('R53 whoever comes at that pace never waits, however long they go on', async () => {
  const { pace, pass, waits } = paces()
  for (let n = 0; n < 3_000; n += 1) {
    await pace('ana')
    await pace(`somebody else ${n}`)
    pass(100)
  }
  expect(waits).toEqual([])
})
