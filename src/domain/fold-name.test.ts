import { expect, test } from 'vitest'
import { foldName, isNamed, isPartOfName } from './fold-name.ts'

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

test.each([
  ['marta nunez', 'art', true],
  ['marta nunez', 'nu', true],
  ['marta nunez', 'm', true],
  ['marta nunez', 'ar', false],
  ['marta nunez', 'a n', true],
  ['張偉', '張', true],
  ['李張偉', '張', false],
  ['', 'a', false],
])('in %j somebody who looks for %j means them: %s', (name, sought, expected) => {
  expect(isNamed(name, sought)).toBe(expected)
})

test.each([
  ['a', true],
  ['7', true],
  ['張', true],
  ['', false],
  ['--- %', false],
])('%j is a part of a name: %s', (sought, expected) => {
  expect(isPartOfName(sought)).toBe(expected)
})
