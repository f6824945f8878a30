import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keepPlaces, settle } from './steady.ts'
import { idOf } from './window.ts'

const ids = (cards: readonly { readonly presence: { readonly userId: string } }[]): string[] => cards.map(idOf)
const cards = (text: string) => Array.from(text, (userId) => ({ fact: 0, presence: { userId } }))

describe('cards that somebody points at', () => {
  test('keep their places: who came waits, who left is marked, who returned is not', () => {
    const list = keepPlaces(settle(cards('abc')), cards('xca'))
    expect([ids(list.shown), ids(list.entering), [...list.leaving]]).toEqual([['a', 'b', 'c'], ['x'], ['b']])
    const later = keepPlaces(list, cards('yxbca'))
    expect([ids(later.shown), ids(later.entering), [...later.leaving]]).toEqual([['a', 'b', 'c'], ['y', 'x'], []])
  })

  test('tell their news all the same', () => {
    const [a, b] = cards('ab')
    const news = { fact: 1, presence: { userId: 'b' } }
    const list = keepPlaces(settle([a, b].filter((card) => card !== undefined)), [news])
    expect(list.shown).toEqual([a, news])
    expect(list.shown[0]).toBe(a)
  })

  test('come at once where nobody is to be moved', () => {
    expect(ids(keepPlaces(settle(cards('')), cards('ab')).shown)).toEqual(['a', 'b'])
  })

  test('never move whatever comes and goes, nobody is lost or shown twice, and nothing is new where nothing changed', () => {
    const list = fc
      .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 })
      .map((some) => some.join(''))
    fc.assert(
      fc.property(list, fc.array(list, { maxLength: 6 }), (first, later) => {
        let steady = settle(cards(first))
        for (const now of later) {
          const before = steady
          steady = keepPlaces(before, cards(now))
          if (before.shown.length > 0) expect(ids(steady.shown)).toEqual(ids(before.shown))
          const staying = ids(steady.shown).filter((userId) => !steady.leaving.has(userId))
          expect([...staying, ...ids(steady.entering)].toSorted()).toEqual(now.split('').toSorted())
          expect(new Set(ids([...steady.shown, ...steady.entering])).size).toBe(
            steady.shown.length + steady.entering.length,
          )
        }
        const again = keepPlaces(steady, [
          ...steady.shown.filter((card) => !steady.leaving.has(idOf(card))),
          ...steady.entering,
        ])
        expect([again.shown, again.entering, again.leaving]).toEqual([steady.shown, steady.entering, steady.leaving])
        if (steady.shown.length > 0) {
          expect(again.shown).toBe(steady.shown)
          expect(again.entering).toBe(steady.entering)
          expect(again.leaving).toBe(steady.leaving)
        }
      }),
    )
  })
})
