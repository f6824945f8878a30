import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shortName } from '../domain/short-name.ts'
import { uuidIds } from '../domain/user-id.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const ID = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'
const SHOWN = [shortName('a'), shortName('b')]
const AFTER = { keys: [1, 2], id: ID } as const

test('a place survives the way out and back', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
  const after = fc.record({ keys: fc.tuple(number, number), id: fc.constant(ID) })
  const shown = fc.array(fc.uuid().map(shortName), { minLength: 1, maxLength: 500 })
  fc.assert(
    fc.property(fc.record({ shown, after: fc.option(after) }), (place) => {
      expect(decodeCursor(encodeCursor('rating', place), 'rating', uuidIds)).toEqual(place)
    }),
  )
})

test.each<[name: string, cursor: string]>([
  ['nothing', ''],
  ['an order alone', 'r'],
  ['half a name', encodeCursor('rating', { shown: [...SHOWN, 'abc'], after: null })],
  ['what is no name', encodeCursor('rating', { shown: ['abc$efgh'], after: null })],
  ['another order', encodeCursor('price', { shown: SHOWN, after: null })],
  ['two places', `${encodeCursor('rating', { shown: SHOWN, after: AFTER })}.${forged([1, 2, ID])}`],
  ['no JSON', `${encodeCursor('rating', { shown: SHOWN, after: null })}.abc`],
  ['null', placed(null)],
  ['a record', placed({})],
  ['text for a key', placed([1, '2', ID])],
  ['no number for a key', placed([1, null, ID])],
  ['a key too many', placed([1, 2, 3, ID])],
  ['no id', placed([1, 2])],
  ['what cannot be an id', placed([1, 2, "' OR 1=1"])],
  ['an id in another form', placed([1, 2, ID.toUpperCase()])],
  ['stray characters', `${encodeCursor('rating', { shown: SHOWN, after: AFTER })}=`],
])('R52 refuses a cursor of %s', (_name, cursor) => {
  expect(() => decodeCursor(cursor, 'rating', uuidIds)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }))
})

test('R52 refuses a number beyond all numbers', () => {
  const beyond = Buffer.from(`[1,1e999,"${ID}"]`).toString('base64url')
  const cursor = `${encodeCursor('rating', { shown: SHOWN, after: null })}.${beyond}`
  expect(() => decodeCursor(cursor, 'rating', uuidIds)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }))
})

function placed(value: unknown): string {
  return `${encodeCursor('rating', { shown: SHOWN, after: null })}.${forged(value)}`
}

function forged(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
