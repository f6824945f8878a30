import type { FoundProvider, ProviderPlace } from '../verbs.ts'
import type { Window } from './window.ts'

/** How one window became another. */
export interface WindowDiff {
  readonly enter: readonly FoundProvider[]
  /** User ids. */
  readonly leave: readonly string[]
  readonly change: readonly FoundProvider[]
  readonly counts: Window['counts']
  /** User ids of the whole window, or null when it holds the same in the same order. */
  readonly order: readonly string[] | null
  readonly next: ProviderPlace | null
  readonly asOf: number | null
  readonly stale: boolean
}

/** What tells one window from another, or null when nobody could see a difference (R14). */
export function diffWindows(before: Window, after: Window): WindowDiff | null {
  const { counts, next, asOf, stale } = after
  const known = new Map(before.providers.map((card) => [card.userId, card]))
  const ids = after.providers.map(({ userId }) => userId)
  const staying = new Set(ids)
  const enter = after.providers.filter(({ userId }) => !known.has(userId))
  const leave = [...known.keys()].filter((userId) => !staying.has(userId))
  const change = after.providers.filter((card) => looksDifferent(known.get(card.userId), card))
  const isSameList = sameText(ids, [...known.keys()])
  const isSame =
    isSameList &&
    change.length === 0 &&
    stale === before.stale &&
    sameText(counts, before.counts) &&
    sameText(next, before.next)
  return isSame ? null : { enter, leave, change, counts, order: isSameList ? null : ids, next, asOf, stale }
}

/** Cards travel as JSON, so that is what can differ; the words that only time moves are made on the way out. */
const looksDifferent = (known: FoundProvider | undefined, card: FoundProvider): boolean =>
  known !== undefined && known !== card && !sameText(shownOf(known), shownOf(card))

const shownOf = ({ fields, presence }: FoundProvider) => [fields, presence]

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
