import { expect, test } from 'vitest'
import { startLoop } from './loop.ts'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

test('a job never runs twice at once, and stopping waits for the run under way', async () => {
  let running = 0
  let most = 0
  let runs = 0
  let resolve = (): void => {}
  const enough = new Promise<void>((done) => {
    resolve = done
  })
  const loop = startLoop(
    'test',
    async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((done) => setImmediate(done))
      running -= 1
      runs += 1
      if (runs === 5) resolve()
    },
    () => 0,
    quiet,
  )
  await enough
  await loop.stop()
  expect([most, running]).toEqual([1, 0])
})

test('R50 an outage is told once when it begins and once when it is over', async () => {
  const told: string[] = []
  const log = {
    ...quiet,
    info: (_: object, text: string) => told.push(text),
    error: (_: object, text: string) => told.push(text),
  }
  let runs = 0
  let resolve = (): void => {}
  const enough = new Promise<void>((done) => {
    resolve = done
  })
  const loop = startLoop(
    'test',
    async () => {
      runs += 1
      if (runs <= 3) throw new Error('down')
      if (runs === 5) resolve()
    },
    () => 0,
    log,
  )
  await enough
  await loop.stop()
  expect(told).toEqual(['a job failed and is tried again until it works', 'a job works again'])
})
