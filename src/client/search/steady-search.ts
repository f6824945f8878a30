import type { PresenceInfo } from '../../domain/info.ts'
import type { ProviderCard } from '../../protocol/events.ts'
import type { ProviderSearch, ProviderSearchState, Readable } from '../contract.ts'
import { createSignal } from '../signal.ts'
import { keepPlaces, settle, type SteadyCards } from './steady.ts'

/** A search whose cards keep their places while somebody holds them. */
export interface SteadySearchState<Card = ProviderCard> extends ProviderSearchState<Card> {
  /** What to draw, in this order; while it is held, without those who came and with those who left. */
  readonly providers: readonly Card[]
  /** Who came while it was held and waits to be shown, best first. */
  readonly entering: readonly Card[]
  /** User ids of those who left while it was held and are still drawn. */
  readonly leaving: ReadonlySet<string>
}

export interface SteadySearch<Card = ProviderCard> extends Readable<SteadySearchState<Card>> {
  /**
   * Keeps every card in its place, as while a pointer or the focus is in the list. Counted.
   *
   * @returns lets go; when nobody holds any more, all that waited is shown
   */
  hold(): () => void
  /** Shows all that waits now, even while it is held. */
  bringIn(): void
}

/**
 * A layer over a search for lists that people point at: cards do not jump under the finger. It has nothing to close; whoever opened
 * the search closes it.
 */
export function createSteadySearch<Card extends { readonly presence: PresenceInfo } = ProviderCard>(
  search: Pick<ProviderSearch<Card>, 'get' | 'subscribe'>,
): SteadySearch<Card> {
  let holders = 0
  /** Grows when what is drawn may move. */
  const moves = createSignal(0)
  let seen: ProviderSearchState<Card> | null = null
  let moved = 0
  let cards: SteadyCards<Card> = settle([])
  let shown: SteadySearchState<Card> | null = null

  const get = (): SteadySearchState<Card> => {
    const now = search.get()
    if (shown && now === seen && moved === moves.get()) return shown
    const mayMove = holders === 0 || moved !== moves.get()
    cards = mayMove ? settle(now.providers) : keepPlaces(cards, now.providers)
    seen = now
    moved = moves.get()
    shown = { ...now, providers: cards.shown, entering: cards.entering, leaving: cards.leaving }
    return shown
  }

  const bringIn = (): void => {
    get()
    if (cards.entering.length > 0 || cards.leaving.size > 0 || cards.shown !== search.get().providers) {
      moves.set(moves.get() + 1)
    }
  }

  return {
    get,
    subscribe(listener) {
      const stops = [search.subscribe(listener), moves.subscribe(listener)]
      return () => {
        for (const stop of stops) stop()
      }
    },
    hold() {
      // From here on they stay where they are now, although nobody may have looked for a while.
      get()
      holders += 1
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        holders -= 1
        if (holders === 0) bringIn()
      }
    },
    bringIn,
  }
}
