import { presenceInfo } from '../../domain/info.ts'
import { shortName } from '../../domain/short-name.ts'
import { isPresent } from '../../domain/status.ts'
import type { View } from '../../domain/view.ts'
import type { FoundProvider, ProviderQuery, ProviderResult } from '../verbs.ts'

/** The first page of a search: what its watchers have on their screens. */
export type Window = ProviderResult

/** What became of a stranger's view of somebody. */
export interface News {
  readonly userId: string
  readonly view: View
  readonly before: View
  /** Whether strangers may know whether they are here. */
  readonly visible: boolean
  /** They hid something: whatever was shown of them is taken back at once (R32). */
  readonly retracts: boolean
}

/** Whether it can change where somebody stands in a list, or a count. Whoever is present keeps their place, however active. */
export const movesInLists = ({ view, before }: News): boolean =>
  view.status !== before.status || (!isPresent(view.status) && view.lastSeenAt !== before.lastSeenAt)

/**
 * The window as a search would give it now that this became of somebody in it, while the durable store is still behind: their card
 * shows it where it stands, or goes when it is not what was asked for any more. They move once the store can say where to.
 *
 * @param now epoch milliseconds of the store's clock
 */
export function patchWindow(window: Window, news: News, query: ProviderQuery, now: number): Window {
  const card = window.providers.find(({ userId }) => userId === news.userId)
  // A search may have read what is heard only now.
  if (!card || card.version >= news.view.version) return window
  if (!fits(news, query, now)) return withoutCard(window, card)
  const presence = presenceInfo(card.userId, news.view, true)
  const patched = { ...card, presence, version: news.view.version }
  return { ...window, providers: window.providers.map((other) => (other === card ? patched : other)) }
}

/** The window after somebody in it hid. The durable store knew of that before anybody here, so it does not count them any more. */
export function retractFromWindow(window: Window, news: News, query: ProviderQuery, now: number): Window {
  const patched = patchWindow(window, news, query, now)
  const { status } = news.before
  if (patched === window || status === 'offline') return patched
  return { ...patched, counts: { ...patched.counts, [status]: Math.max(0, patched.counts[status] - 1) } }
}

function withoutCard(window: Window, card: FoundProvider): Window {
  const providers = window.providers.filter((other) => other !== card)
  const { next } = window
  // Whoever is not shown here may be shown on the next page; an empty page must not come again, though.
  if (next === null || providers.length === 0) return { ...window, providers }
  const name = shortName(card.userId)
  return { ...window, providers, next: { ...next, shown: next.shown.filter((shown) => shown !== name) } }
}

function fits({ view, visible }: News, { statuses, lastSeenWithinMs, activeWithinMs }: ProviderQuery, now: number) {
  return (
    (statuses === null || statuses.includes(view.status)) &&
    (lastSeenWithinMs === null || isPresent(view.status) || (view.lastSeenAt ?? 0) >= now - lastSeenWithinMs) &&
    // Whoever stopped was active until now; for how long that counts the next search says.
    (activeWithinMs === null || view.status === 'online' || visible)
  )
}
