import { expect, test } from 'vitest'
import { foldName } from './fold-name.ts'

test.each([
  ['José Núñez', 'jose nunez'],
  ['  ÅSA ', 'asa'],
  ['Zoë', 'zoe'],
  ['張偉', '張偉'],
  ['Ελένη', 'ελενη'],
])('%s is compared as %s', (name, folded) => {
  expect(foldName(name)).toBe(folded)
  expect(foldName(folded)).toBe(folded)
})
