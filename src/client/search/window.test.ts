import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProviderCard, ProvidersDiff } from '../../protocol/events.ts'
import { applyProvidersDiff, idOf, keepCards, type SearchWindow } from './window.ts'

const STATUSES = ['online', 'away', 'dnd'] as const

/** What a search finds at one moment: who, in which order, each with a fact that may change. */
type Found = readonly { readonly userId: string; readonly fact: number }[]

const found: fc.Arbitrary<Found> = fc.uniqueArray(
  fc.record({ userId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fact: fc.nat({ max: 2 }) }),
  { selector: ({ userId }) => userId, maxLength: 5 },
)
const history = fc.array(found, { minLength: 1, maxLength: 8 })

describe('a window', () => {
  test('R41 with all its diffs is what the search finds now, and what nothing happened to is the same object', () => {
    fc.assert(
      fc.property(history, (moments) => {
        let window = windowAt(moments[0] ?? [], 1)
        for (const [index, moment] of moments.entries()) {
          if (index === 0) continue
          const before = window
          window = must(applyProvidersDiff(before, diffOf(moments[index - 1] ?? [], moment, index + 1)))
          expect(window).toEqual(windowAt(moment, index + 1))
          for (const card of window.providers) expect(keptOf(before, card)).toBe(card)
          if (same(moments[index - 1], moment)) expect(window.providers).toBe(before.providers)
        }
      }),
    )
  })

  test('R41 never guesses: whatever is lost, repeated or late, it is right or it is watched anew', () => {
    const fates = fc.infiniteStream(fc.constantFrom('arrives', 'arrives', 'is lost', 'is repeated'))
    fc.assert(
      fc.property(history, fates, (moments, fate) => {
        let window = windowAt(moments[0] ?? [], 1)
        const past: ProvidersDiff[] = []
        for (const [index, moment] of moments.entries()) {
          if (index === 0) continue
          const diff = diffOf(moments[index - 1] ?? [], moment, index + 1)
          const what = fate.next().value
          past.push(diff)
          const arriving = what === 'is lost' ? [] : what === 'is repeated' ? [diff, ...past] : [diff]
          for (const one of arriving) {
            // Asked for anew, the server answers the window of this moment.
            window = applyProvidersDiff(window, one) ?? windowAt(moment, index + 1)
          }
          if (arriving.length > 0) expect(window).toEqual(windowAt(moment, index + 1))
        }
      }),
    )
  })

  test('is watched anew when a number was left out, and keeps what it has when an old one comes late', () => {
    const window = windowAt([{ userId: 'a', fact: 0 }], 5)
    const diff = { ...diffOf([{ userId: 'a', fact: 0 }], [], 0), watch_id: window.watch_id }
    expect(applyProvidersDiff(window, { ...diff, seq: 7 })).toBeNull()
    expect(applyProvidersDiff(window, { ...diff, seq: 5 })).toBe(window)
    expect(applyProvidersDiff(window, { ...diff, seq: 6 })?.providers).toEqual([])
    expect(applyProvidersDiff(window, { ...diff, seq: 6, watch_id: 'another' })).toBeNull()
  })

  test.each<[why: string, part: Partial<ProvidersDiff>]>([
    ['orders somebody of whom it has no card', { order: ['a', 'b', 'stranger'] }],
    ['leaves somebody without a place', { order: ['a'] }],
    ['names somebody twice', { order: ['a', 'a'] }],
    ['changes a stranger', { change: [card('stranger', 1)] }],
    ['lets somebody in without a place', { enter: [card('c', 1)] }],
    ['lets somebody go and keeps their place', { leave: ['a'], order: ['a', 'b'] }],
  ])('is watched anew when a diff %s', (_why, part) => {
    const before = [
      { userId: 'a', fact: 0 },
      { userId: 'b', fact: 0 },
    ]
    expect(applyProvidersDiff(windowAt(before, 1), { ...diffOf(before, before, 2), ...part })).toBeNull()
  })

  test('read anew keeps the cards that say the same, and the list when all do', () => {
    const before = [card('a', 0), card('b', 0)]
    expect(keepCards(before, [card('a', 0), card('b', 0)])).toBe(before)
    const after = keepCards(before, [card('b', 0), card('a', 1)])
    expect(after).toEqual([card('b', 0), card('a', 1)])
    expect(after[0]).toBe(before[1])
    expect(keepCards(before, [before[0] ?? card('a', 0)])).toEqual([before[0]])
  })
})

function must(window: SearchWindow | null): SearchWindow {
  if (!window) throw new Error('It should have been the next one.')
  return window
}

/** The card of before, where it says the same. */
const keptOf = (before: SearchWindow, card: ProviderCard): ProviderCard =>
  before.providers.find((old) => idOf(old) === idOf(card) && old['fact'] === card['fact']) ?? card

function card(userId: string, fact: number): ProviderCard {
  const presence = {
    userId,
    online_status: STATUSES[fact] ?? 'online',
    last_seen: null,
    show_status: true,
  }
  return { id: userId, fact, presence, is_online: fact === 0, last_seen_text: '' }
}

const windowAt = (moment: Found, seq: number): SearchWindow => ({
  watch_id: 'w1',
  providers: moment.map(({ userId, fact }) => card(userId, fact)),
  counts: countsOf(moment),
  seq,
  next_cursor: moment.length > 2 ? `after ${moment.length}` : null,
  as_of: null,
  stale: seq % 3 === 0,
})

const countsOf = (moment: Found) => ({
  online: moment.filter(({ fact }) => fact === 0).length,
  away: moment.filter(({ fact }) => fact === 1).length,
  dnd: moment.filter(({ fact }) => fact === 2).length,
})

const same = (a: Found | undefined, b: Found): boolean => JSON.stringify(a) === JSON.stringify(b)

/** As the server says what changed. */
function diffOf(before: Found, after: Found, seq: number): ProvidersDiff {
  const was = new Map(before.map((one) => [one.userId, one.fact]))
  const is = new Set(after.map(({ userId }) => userId))
  const cards = (some: Found): ProviderCard[] => some.map(({ userId, fact }) => card(userId, fact))
  const ids = (some: Found): string[] => some.map(({ userId }) => userId)
  const { counts, next_cursor, as_of, stale } = windowAt(after, seq)
  return {
    watch_id: 'w1',
    seq,
    enter: cards(after.filter(({ userId }) => !was.has(userId))),
    leave: ids(before.filter(({ userId }) => !is.has(userId))),
    change: cards(after.filter(({ userId, fact }) => was.has(userId) && was.get(userId) !== fact)),
    ...(ids(before).join() === ids(after).join() ? {} : { order: ids(after) }),
    counts,
    next_cursor,
    as_of,
    stale,
  }
}
