import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shortName } from '../../domain/short-name.ts'
import { STATUSES } from '../../domain/status.ts'
import type { FoundProvider } from '../verbs.ts'
import { diffWindows, type WindowDiff } from './diff-windows.ts'
import type { Window } from './window.ts'

const IDS = ['ana', 'ben', 'carla', 'dora', 'emil', 'fay', 'gus', 'hal']

const card = (userId: string): fc.Arbitrary<FoundProvider> =>
  fc.record({
    userId: fc.constant(userId),
    fields: fc.record({ id: fc.constant(userId), price: fc.constantFrom(10, 20, null) }),
    presence: fc.record({
      userId: fc.constant(userId),
      online_status: fc.constantFrom(...STATUSES),
      last_seen: fc.constantFrom(null, '2026-11-25T04:00:00.000Z'),
      show_status: fc.constant(true),
    }),
    version: fc.nat(5),
    position: fc.record({ keys: fc.constant([0, 0] as const), id: fc.constant(userId) }),
  })

const windows: fc.Arbitrary<Window> = fc.shuffledSubarray(IDS).chain((ids) =>
  fc.record({
    providers: fc.tuple(...ids.map(card)),
    counts: fc.record({ online: fc.nat(2), away: fc.nat(2), dnd: fc.nat(2) }),
    next: fc.constantFrom(null, { shown: ids.map(shortName), after: null }),
    asOf: fc.constantFrom(null, 1, 2),
    stale: fc.boolean(),
  }),
)

/** As `src/protocol/events.ts` tells clients to do it, one step after the other. */
function apply({ enter, leave, change, order, counts, next, asOf, stale }: WindowDiff, window: Window): Window {
  const cards = new Map(window.providers.map((one) => [one.userId, one]))
  for (const userId of leave) cards.delete(userId)
  for (const one of [...enter, ...change]) cards.set(one.userId, one)
  const ids = order ?? [...cards.keys()]
  const providers = ids.map((userId) => cards.get(userId))
  return { providers: providers.filter((one) => one !== undefined), counts, next, asOf, stale }
}

/** All that anybody can see. */
const visible = ({ providers, counts, next, stale }: Window) => ({
  cards: providers.map(({ fields, presence }) => ({ fields, presence })),
  counts,
  next,
  stale,
})

describe('the diff of two windows', () => {
  test('R41 applied to the first gives the second, order included', () => {
    fc.assert(
      fc.property(windows, windows, (before, after) => {
        const diff = diffWindows(before, after)
        expect(visible(diff === null ? before : apply(diff, before))).toEqual(visible(after))
      }),
      { numRuns: 2_000 },
    )
  })

  test('R14 is nothing when nothing that can be seen differs, and something else when something does', () => {
    fc.assert(
      fc.property(windows, windows, (before, after) => {
        const isSame = JSON.stringify(visible(before)) === JSON.stringify(visible(after))
        expect(diffWindows(before, after) === null).toBe(isSame)
        const again = { ...before, providers: before.providers.map((one) => ({ ...one, version: one.version + 1 })) }
        expect(diffWindows(before, { ...again, asOf: 7 })).toBeNull()
      }),
    )
  })

  test('says no more than what differs', () => {
    fc.assert(
      fc.property(windows, windows, (before, after) => {
        const diff = diffWindows(before, after)
        if (diff === null) return
        const ids = (of: readonly { userId: string }[]) => of.map(({ userId }) => userId)
        const known = new Set(ids(before.providers))
        expect(ids(diff.enter).filter((id) => known.has(id))).toEqual([])
        expect(diff.leave.filter((id) => !known.has(id) || ids(after.providers).includes(id))).toEqual([])
        for (const one of diff.change) {
          const old = before.providers.find(({ userId }) => userId === one.userId)
          expect([old?.fields, old?.presence]).not.toEqual([one.fields, one.presence])
        }
        expect(diff.order === null).toBe(ids(before.providers).join() === ids(after.providers).join())
      }),
    )
  })
})
