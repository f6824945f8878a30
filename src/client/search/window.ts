import type { PresenceInfo } from '../../domain/info.ts'
import type { ProviderCard, ProvidersDiff, ProviderWatchReply } from '../../protocol/events.ts'

/** What a watched search shows at one moment, in the words of the wire. */
export type SearchWindow = Readonly<Omit<ProviderWatchReply, 'ok' | 'providers'>> & {
  readonly providers: readonly ProviderCard[]
}

/**
 * A window with what became of it. Cards that nothing happened to stay the same objects, and so does the list of them.
 *
 * @returns the same window when the diff is contained already; null when something was missed, so that it has to be watched anew
 */
export function applyProvidersDiff(window: SearchWindow, diff: ProvidersDiff): SearchWindow | null {
  if (diff.watch_id !== window.watch_id) return null
  // The window was asked for anew while this one was under way.
  if (diff.seq <= window.seq) return window
  if (diff.seq !== window.seq + 1) return null
  const providers = rearrange(window.providers, diff)
  if (!providers) return null
  const { enter: _enter, leave: _leave, change: _change, order: _order, ...rest } = diff
  return { ...rest, providers: keepCards(window.providers, providers) }
}

/** Null when the diff belongs to another list than this. */
function rearrange(providers: readonly ProviderCard[], diff: ProvidersDiff): readonly ProviderCard[] | null {
  const cards = new Map(providers.map((card) => [idOf(card), card]))
  for (const userId of diff.leave) cards.delete(userId)
  for (const card of diff.enter) cards.set(idOf(card), card)
  for (const card of diff.change) {
    if (!cards.has(idOf(card))) return null
    cards.set(idOf(card), card)
  }
  const order = diff.order ?? providers.map(idOf)
  const arranged = order.map((userId) => cards.get(userId)).filter((card) => card !== undefined)
  const isWhole = arranged.length === order.length && cards.size === order.length && new Set(order).size === cards.size
  return isWhole ? arranged : null
}

/** The new list, with the card of before wherever a new one says the same: whoever draws it draws only what changed. */
export function keepCards(before: readonly ProviderCard[], after: readonly ProviderCard[]): readonly ProviderCard[] {
  const held = new Map(before.map((card) => [idOf(card), card]))
  const kept = after.map((card) => {
    const old = held.get(idOf(card))
    return old && isSame(old, card) ? old : card
  })
  return kept.length === before.length && kept.every((card, index) => card === before[index]) ? before : kept
}

/** Who a card is about. */
export const idOf = (card: { readonly presence: Pick<PresenceInfo, 'userId'> }): string => card.presence.userId

// One server wrote both, in one order of names; another order would only cost a rendering.
const isSame = (a: ProviderCard, b: ProviderCard): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
