import { expect, test } from 'vitest'
import type { Bench, Verdict } from './bench.ts'
import { judge } from './outcome.ts'
import { ratioPlot } from './report/plot.ts'
import { alignColumns, markdownTable, number } from './report/table.ts'

const CPU: Verdict = { name: 'CPU', of: 'cpu', as: 'ratio', unit: '×', target: 1.3, goal: 1.1 }
const LOST: Verdict = { name: 'lost', of: 'lost', as: 'ours', unit: '', target: 0 }

test('the median decides, and the further goal is judged by itself', () => {
  const ours = [{ cpu: 2.4 }, { cpu: 1 }, { cpu: 1.2 }]
  const reference = [{ cpu: 1 }, { cpu: 1 }, { cpu: 1 }]
  const [verdict] = judge(benchOf([CPU]), ours, reference).verdicts
  expect(verdict).toMatchObject({ spread: { median: 1.2, min: 1, max: 2.4 }, met: true, goalMet: false })
})

test('what is lost in noise keeps no promise', () => {
  const outcome = judge(benchOf([CPU]), [{ cpu: 35 }], [{ cpu: -0.3 }])
  expect(outcome.verdicts[0]).toMatchObject({ spread: null, met: false, goalMet: false })
  expect(markdownTable([outcome])).toContain('**not measured**')
})

test('a promise without a reference is judged by ours alone, and a quantity that nobody measured is an error', () => {
  const outcome = judge(benchOf([LOST]), [{ lost: 3 }], [{}])
  expect(outcome.verdicts[0]).toMatchObject({ spread: { median: 3 }, met: false, goalMet: null })
  expect(() => judge(benchOf([CPU]), [{ lost: 3 }], [{}])).toThrow('Nobody measured cpu')
})

test('the table has a line for each promise, with columns that align', () => {
  const outcome = judge(benchOf([CPU, LOST]), [{ cpu: 1, lost: 1 }], [{ cpu: 1, lost: 0 }])
  const lines = markdownTable([outcome]).split('\n')
  expect(lines).toHaveLength(4)
  expect(new Set(lines.map((line) => line.length)).size).toBe(1)
  expect(lines[2]).toMatch(/B9 Bench +\| CPU, ours \/ theirs \| 1 × \(1–1\) goal met +\| ≤ 1\.3 × \| ≤ 1\.1 × +\|/)
  expect(lines[3]).toContain('**missed**')
  expect(
    alignColumns([
      ['a', 'b'],
      ['-', '-'],
      ['long', ''],
    ]),
  ).toBe('| a    | b |\n| ---- | - |\n| long |   |')
})

test('stores stand side by side, and one that a bench does not run on is left out of its line', () => {
  const both = [
    judge(benchOf([CPU]), [{ cpu: 1 }], [{ cpu: 1 }]),
    judge(benchOf([CPU]), [{ cpu: 2 }], [{ cpu: 1 }], 'redis'),
  ]
  const alone = judge({ ...benchOf([CPU]), id: 'b10' }, [{ cpu: 1 }], [{ cpu: 1 }], 'redis')
  const lines = markdownTable([...both, alone]).split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[2]).toMatch(/\| 1 × \(1–1\) goal met +\| 2 × \(2–2\) \*\*missed\*\* +\|/)
  expect(lines[3]).toMatch(/B10 Bench +\| CPU, ours \/ theirs \| – +\| 1 ×/)
})

test('numbers have three digits, thousands a comma', () => {
  expect([0.21567, 12.345, 1234.5, 0, Number.NaN].map(number)).toEqual(['0.216', '12.3', '1,235', '0', '?'])
})

test('the plot shows each ratio by its name, readable in the dark as well', () => {
  const svg = ratioPlot([judge(benchOf([CPU, LOST]), [{ cpu: 1, lost: 1 }], [{ cpu: 1, lost: 0 }])])
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/)
  expect(svg).toContain('B9 CPU')
  expect(svg).not.toContain('B9 lost')
  expect(svg).toContain('prefers-color-scheme: dark')
})

function benchOf(verdicts: readonly Verdict[]): Bench {
  const run = () => Promise.reject(new Error('not run'))
  return { id: 'b9', title: 'Bench', ours: { name: 'ours', run }, reference: { name: 'theirs', run }, verdicts }
}
