import { idOf } from './window.ts'

interface Card {
  readonly presence: { readonly userId: string }
}

/** Cards on the screen that do not move while somebody points at them, and who waits. */
export interface SteadyCards<SomeCard extends Card> {
  /** What is drawn, in this order. */
  readonly shown: readonly SomeCard[]
  /** Who came and waits to be shown, best first. */
  readonly entering: readonly SomeCard[]
  /** User ids of those who are still shown and belong there no more. */
  readonly leaving: ReadonlySet<string>
}

const NOBODY: ReadonlySet<string> = new Set()

/** All as it is: everybody at their place, nobody waits. */
export const settle = <SomeCard extends Card>(cards: readonly SomeCard[]): SteadyCards<SomeCard> => ({
  shown: cards,
  entering: [],
  leaving: NOBODY,
})

/** Cards keep their places and only tell their news; who came waits, who left is marked. What did not change stays the same object. */
export function keepPlaces<SomeCard extends Card>(
  { shown, entering, leaving }: SteadyCards<SomeCard>,
  cards: readonly SomeCard[],
): SteadyCards<SomeCard> {
  // Nothing is there to be moved.
  if (shown.length === 0) return settle(cards)
  const fresh = new Map(cards.map((card) => [idOf(card), card]))
  const places = new Set(shown.map(idOf))
  const waiting = cards.filter((card) => !places.has(idOf(card)))
  const gone = new Set([...places].filter((userId) => !fresh.has(userId)))
  return {
    shown: reuse(
      shown,
      shown.map((card) => fresh.get(idOf(card)) ?? card),
    ),
    entering: reuse(entering, waiting),
    leaving: gone.size === leaving.size && [...gone].every((userId) => leaving.has(userId)) ? leaving : gone,
  }
}

const reuse = <SomeCard>(before: readonly SomeCard[], after: readonly SomeCard[]): readonly SomeCard[] =>
  before.length === after.length && before.every((card, index) => card === after[index]) ? before : after
