import { expect, test } from 'vitest'
import { differentOnes, seededChance, zipf } from './chance.ts'
import { personId } from './people.ts'
import { summarise } from './soak.ts'

test('chance is the same in every run', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, seededChance(seed))
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
  expect(draw(3).every((value) => value >= 0 && value < 1)).toBe(true)
})

test('Zipf draws the first twice as often as the second', () => {
  const draw = zipf(1_000, seededChance(4))
  const times = new Map<number, number>()
  for (let n = 0; n < 100_000; n++) {
    const position = draw()
    times.set(position, (times.get(position) ?? 0) + 1)
  }
  const often = (position: number) => times.get(position) ?? 0
  expect(often(0) / often(1)).toBeCloseTo(2, 0)
  expect(often(0) / often(9)).toBeGreaterThan(8)
  expect(Math.max(...times.keys())).toBeLessThan(1_000)
})

test('a page shows nobody twice', () => {
  expect(new Set(differentOnes(20, zipf(30, seededChance(5)))).size).toBe(20)
})

test('people have ids that PostgreSQL takes', () => {
  // md5('client 0')
  expect(personId('client', 0)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(personId('client', 0)).not.toBe(personId('provider', 0))
})

test('memory is flat when the last third is where the second was, whatever the first did', () => {
  const looks = (heap: (n: number) => number) =>
    Array.from({ length: 30 }, (_, n) => ({ minute: n, rssKb: 1_000, heapKb: heap(n) }))
  expect(summarise(looks((n) => (n < 10 ? 100 * n : 1_000))).flat).toBe(true)
  const growing = summarise(looks((n) => 1_000 + 20 * n))
  expect(growing.flat).toBe(false)
  expect(growing.slopeKbPerMinute.heapKb).toBeCloseTo(20)
})
