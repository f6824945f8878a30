import { expect, test } from 'vitest'
import { findInterference } from './pairs.ts'

/** More of them, and others each time: `npm run noninterference`. */
const PAIRS = 200
const SEED = 6

test('R30 R31 R36 R37 what others are told is the same, byte by byte, whatever somebody does whom they may not know of', {
  timeout: 1_800_000,
}, async () => {
  let played = 0
  const finding = await findInterference({ pairs: PAIRS, seed: SEED, onPair: () => (played += 1) })
  expect(finding?.report).toBeUndefined()
  expect(played).toBe(PAIRS)
})
