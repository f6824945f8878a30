import { expect, test } from 'vitest'
import { uuidIds } from '../domain/user-id.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const ID = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'

test.each([[[3, 1_763_000_000_000.25] as const], [[-1, 0] as const], [[4.75, Number.MAX_SAFE_INTEGER] as const]])(
  'a place survives the way out and back: %j',
  (keys) => {
    const position = { keys, id: ID }
    expect(decodeCursor(encodeCursor('rating', position), 'rating', uuidIds)).toEqual(position)
  },
)

test.each<[name: string, cursor: string]>([
  ['nothing', ''],
  ['no JSON', 'abc'],
  ['null', forged(null)],
  ['a list', forged([])],
  ['another order', encodeCursor('price', { keys: [1, 2], id: ID })],
  ['text for a key', forged({ s: 'rating', k: [1, '2'], i: ID })],
  ['no number for a key', forged({ s: 'rating', k: [1, null], i: ID })],
  ['a key too many', forged({ s: 'rating', k: [1, 2, 3], i: ID })],
  ['a number beyond all numbers', Buffer.from(`{"s":"rating","k":[1,1e999],"i":"${ID}"}`).toString('base64url')],
  ['no id', forged({ s: 'rating', k: [1, 2] })],
  ['what cannot be an id', forged({ s: 'rating', k: [1, 2], i: "' OR 1=1" })],
  ['an id in another form', forged({ s: 'rating', k: [1, 2], i: ID.toUpperCase() })],
  ['something added', forged({ s: 'rating', k: [1, 2], i: ID, x: 1 })],
  ['stray characters', `${encodeCursor('rating', { keys: [1, 2], id: ID })}=`],
])('R52 refuses a cursor of %s', (_name, cursor) => {
  expect(() => decodeCursor(cursor, 'rating', uuidIds)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }))
})

function forged(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
