import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LEAKS } from './leaks.ts'
import { findInterference, playPair } from './pairs.ts'
import { scriptsBy } from './script.ts'

const PAIRS = 24
const SEED = 5
const PATIENCE = { timeout: 1_800_000 }

describe('a leak that is planted on purpose is found', () => {
  test.each(Object.entries(LEAKS))('R31 %s', PATIENCE, async (name, { hiding, plant }) => {
    let found = 0
    for (const script of fc.sample(scriptsBy(hiding), { numRuns: PAIRS, seed: SEED })) {
      if (await playPair(script, plant)) found += 1
    }
    console.info(`planted: ${name}. Found in ${found} of ${PAIRS} pairs.`)
    expect(found).toBeGreaterThan(1)
  })

  test('R31 and told by the shortest script that shows it', PATIENCE, async () => {
    const leak = LEAKS['counts include who is hidden']
    if (!leak) throw new Error('no such leak')
    const { hiding, plant } = leak
    const finding = await findInterference({ pairs: PAIRS, seed: SEED, plant, scripts: scriptsBy(hiding) })
    expect(finding?.report).toMatch(/the secret user: connect/)
    expect(finding?.report).toMatch(/While the secret user did nothing: step \d+, http:[\s\S]*"online":0/)
    expect(finding?.report).toMatch(/While they did the above: step \d+, http:[\s\S]*"online":1/)
    // All that has nothing to do with it is gone.
    expect(finding?.report.match(/^ {2}.*$/gm)?.length).toBeLessThan(10)
  })
})
