import { expect, test } from 'vitest'
import { integerIds, uuidIds } from './user-id.ts'

const ID = '0b9f8c1e-7d55-4c7e-9a2b-3f1f5f0a9e11'

test('R52 a UUID is read in any case and written in one', () => {
  expect(uuidIds.parse(ID.toUpperCase())).toBe(ID)
})

test.each(['', '42', 'me', `${ID} `, `${ID}0`, `{${ID}}`, ID.replaceAll('-', ''), ID.replace('0', 'g'), `${ID}\n`])(
  'R52 %j is no UUID',
  (text) => {
    expect(uuidIds.parse(text)).toBeNull()
  },
)

test.each(['1', '42', '2147483647'])('R52 %s is an integer id', (text) => {
  expect(integerIds.parse(text)).toBe(text)
})

test.each(['', '0', '01', '-1', '1.0', '1e3', '2147483648', '99999999999', ' 1', '1\n'])(
  'R52 %j is no integer id',
  (text) => {
    expect(integerIds.parse(text)).toBeNull()
  },
)
