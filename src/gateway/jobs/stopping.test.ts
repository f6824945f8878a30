import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLogger } from '../../telemetry/logger.ts'
import { createStopping, stepsWithin } from './stopping.ts'

const log = createLogger('silent')
const never = () => new Promise<never>(() => {})

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('steps of stopping', () => {
  test('R54 whatever hangs, there is time for all of them, and all is over in time', async () => {
    const given: number[] = []
    const over = vi.fn()
    const step = stepsWithin(10_000, log)
    const run = async () => {
      for (let i = 0; i < 6; i += 1) {
        await step('one that hangs', (ms) => {
          given.push(ms)
          return never()
        })
      }
    }
    void run().then(over)
    await vi.advanceTimersByTimeAsync(9_999)
    expect(given).toHaveLength(6)
    expect(Math.min(...given)).toBeGreaterThan(0)
    expect(over).toHaveBeenCalled()
  })

  test('R54 a step that fails, at once or later, keeps the next one from nothing', async () => {
    const step = stepsWithin(1_000, log)
    const done: string[] = []
    await step('throws', () => {
      throw new Error('at once')
    })
    await step('rejects', () => Promise.reject(new Error('later')))
    await step('works', async () => void done.push('works'))
    expect(done).toEqual(['works'])
  })

  test('R54 a step that ends early leaves its time to those after it', async () => {
    const step = stepsWithin(1_000, log)
    await step('quick', async () => {})
    const given: number[] = []
    await step('next', async (ms) => void given.push(ms))
    expect(given).toEqual([700])
  })
})

describe('stopping what was started', () => {
  test('R54 what was started last is stopped first, and only once', async () => {
    const stopped: string[] = []
    const stopping = createStopping(1_000, log)
    for (const what of ['database', 'presence', 'connections']) {
      stopping.add(what, async () => void stopped.push(what))
    }
    expect(stopping.isUnderWay).toBe(false)
    const first = stopping.run()
    expect(stopping.isUnderWay).toBe(true)
    await Promise.all([first, stopping.run()])
    expect(stopped).toEqual(['connections', 'presence', 'database'])
  })
})
