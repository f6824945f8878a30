import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LEAKS } from './leaks.ts'
import { findInterference, playPair } from './pairs.ts'
import { scriptsBy } from './script.ts'

/** As many as are played of the system as it is: what they would not find is not shown to be absent. */
const PAIRS = 200
const SEED = 5
const PATIENCE = { timeout: 1_800_000 }

describe('a leak that is planted on purpose is found', () => {
  test.each(Object.entries(LEAKS))('R31 %s', PATIENCE, async (name, { hiding, plant }) => {
    const scripts = fc.sample(scriptsBy(hiding), { numRuns: PAIRS, seed: SEED })
    let played = 0
    let isFound = false
    while (!isFound && played < PAIRS) {
      const script = scripts[played]
      played += 1
      isFound = script !== undefined && (await playPair(script, plant)) !== null
    }
    console.info(`planted: ${name}. ${isFound ? 'Found' : 'Not found'} after ${played} pairs.`)
    expect(isFound).toBe(true)
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
