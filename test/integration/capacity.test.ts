import { describe, expect, test } from 'vitest'
import { runCli } from '../support/process.ts'

/** Run from source, with the unit costs that go with the package. */
async function capacity(...args: string[]): Promise<{ code: number | null; output: string }> {
  const run = runCli(['capacity', ...args], {})
  const { code } = await run.ended
  return { code, output: run.output() }
}

describe('porchlight capacity', () => {
  test('turns users into nodes, shards and load, and says what each figure rests on', async () => {
    const { code, output } = await capacity('--users', '5,000,000', '--peak-online', '2%')
    expect(code).toBe(0)
    expect(output).toMatch(/--peak-online 2%/)
    expect(output).toMatch(/present users +100,000 +follows from the assumptions/)
    for (const part of ['Nodes', 'Redis', 'PostgreSQL', 'Network'])
      expect(output).toMatch(new RegExp(`^${part} at`, 'm'))
    expect(output).toMatch(/nodes that the work needs +\d+ +(measured|extrapolated, [\d,.]+ × what was measured)/)
    expect(output).not.toContain('quick run')
  })

  test('has the same as JSON, with the unit costs it was calculated with', async () => {
    const { code, output } = await capacity('--users', '5000000', '--json')
    expect(code).toBe(0)
    const plan = JSON.parse(output)
    expect(plan.demand.present).toBe(250_000)
    expect(plan.assumed.watch).toBe(20)
    expect(plan.measured.costs.transitionUs).toBeGreaterThan(0)
    expect(plan.figures.length).toBeGreaterThan(20)
  })

  test('tells how evenly users are spread over a Redis Cluster', async () => {
    expect((await capacity('--slots')).output).toMatch(/^\| 24 +\| 5 to 18 +\|/m)
  })

  test.each([
    [['--users', 'many'], /--users: is "many", needs a number/],
    [[], /--users: how many\?/],
    [['--users', '5000000', '--transitions-per-user-hour', '3000'], /every node hears of every change/],
    [
      ['--users', '5', '--costs', 'nowhere.json'],
      /nowhere\.json cannot be read\. Measure with: npm run bench -- costs/,
    ],
    [['--users', '5', '--costs', 'package.json'], /package\.json does not say .*newsUs/],
  ])('R52 refuses %j with a sentence and without a trace', async (args, sentence) => {
    const { code, output } = await capacity(...args)
    expect(code).toBe(1)
    expect(output).toMatch(sentence)
    expect(output).not.toMatch(/^\s+at /m)
  })
})
