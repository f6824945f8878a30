import { describe, expect, test } from 'vitest'
import { createSingleFlight } from './single-flight.ts'

/** Work that ends when it is told to, and counts its runs. */
function createWork() {
  const runs: { end(): void; fail(error: Error): void }[] = []
  return {
    runs,
    run: () => {
      const number = runs.length + 1
      return new Promise<number>((resolve, reject) => runs.push({ end: () => resolve(number), fail: reject }))
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('work that many ask for', () => {
  test('R32 is shared by those who asked before it began, and by nobody who came later', async () => {
    const flights = createSingleFlight<number>()
    const { runs, run } = createWork()
    const first = flights.join('a', run)
    const later = Array.from({ length: 1_000 }, () => flights.join('a', run))
    await turn()
    expect(runs).toHaveLength(1)
    runs[0]?.end()
    expect(await first).toBe(1)
    await turn()
    expect(runs).toHaveLength(2)
    // The second run has begun: whoever comes now is too late for it.
    const third = flights.join('a', run)
    runs[1]?.end()
    expect(new Set(await Promise.all(later))).toEqual(new Set([2]))
    await turn()
    runs[2]?.end()
    expect(await third).toBe(3)
    await turn()
    const fourth = flights.join('a', run)
    runs[3]?.end()
    expect(await fourth).toBe(4)
  })

  test('fails for those who share it, and is tried anew for those who wait', async () => {
    const flights = createSingleFlight<number>()
    const { runs, run } = createWork()
    const first = flights.join('a', run)
    const second = flights.join('a', run)
    runs[0]?.fail(new Error('away'))
    await expect(first).rejects.toThrow('away')
    await turn()
    runs[1]?.end()
    expect(await second).toBe(2)
  })

  test('goes on beside work of another key', async () => {
    const flights = createSingleFlight<number>()
    const { runs, run } = createWork()
    const [a, b] = [flights.join('a', run), flights.join('b', run)]
    expect(runs).toHaveLength(2)
    runs[1]?.end()
    expect(await b).toBe(2)
    runs[0]?.end()
    expect(await a).toBe(1)
  })
})
