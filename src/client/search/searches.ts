import type { PresenceInfo } from '../../domain/info.ts'
import type { ProviderWatchRequest } from '../../protocol/events.ts'
import type { ProviderSearch, ProviderSearchState } from '../contract.ts'
import { refusedAs } from '../request-error.ts'
import { createSignal, type Signal } from '../signal.ts'
import { UNANSWERED_SEARCH } from './unanswered.ts'
import { normaliseQuery } from './query.ts'
import type { SearchNews } from './search-sync.ts'
import { applyProvidersDiff, keepCards, type SearchWindow } from './window.ts'

/** A search that a page wants to be told about. Plain data, because it passes between tabs. */
export interface SearchWish {
  readonly key: string
  readonly request: ProviderWatchRequest
  /** The page shows it as it is now, and needs no window. */
  readonly isLive: boolean
}

/** The searches of this page, one for all readers of equal ones. */
export interface Searches {
  watch(query: ProviderWatchRequest): ProviderSearch
  wishes(): readonly SearchWish[]
  told(key: string, news: SearchNews): void
  /** Contact was lost, for now or for good. */
  lost(): void
}

interface Search {
  readonly request: ProviderWatchRequest
  readonly state: Signal<ProviderSearchState>
  window: SearchWindow | null
  readers: number
}

/**
 * @param changed told once for all that changed in one go
 * @param seed told of the presences on cards that are new
 */
export function createSearches(
  changed: (wishes: readonly SearchWish[]) => void,
  seed: (presences: readonly PresenceInfo[]) => void,
): Searches {
  const searches = new Map<string, Search>()
  let isDue = false

  const wishes = (): SearchWish[] =>
    Array.from(searches, ([key, { request, state }]) => ({ key, request, isLive: state.get().status === 'live' }))

  const soon = (): void => {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      isDue = false
      // Not before: a component that is taken away and put back at once goes on with what it has.
      for (const [key, { readers }] of searches) if (readers === 0) searches.delete(key)
      changed(wishes())
    })
  }

  const searchOf = (query: ProviderWatchRequest): Search => {
    const { key, request } = normaliseQuery(query)
    const known = searches.get(key)
    if (known) return known
    const made = { request, state: createSignal(UNANSWERED_SEARCH), window: null, readers: 0 }
    searches.set(key, made)
    soon()
    return made
  }

  const show = (search: Search, window: SearchWindow): void => {
    const before = search.state.get()
    const providers = keepCards(before.providers, window.providers)
    search.window = { ...window, providers }
    // What is not sure may be older than what is shown elsewhere.
    const renewed = providers.filter((card) => !before.providers.includes(card))
    if (!window.stale) seed(renewed.map(({ presence }) => presence))
    search.state.set({
      status: window.stale ? 'stale' : 'live',
      providers,
      counts: window.counts,
      nextCursor: window.next_cursor,
      asOf: window.as_of,
      error: null,
    })
  }

  const doubt = ({ state }: Search): void => {
    if (state.get().status === 'live') state.set({ ...state.get(), status: 'stale' })
  }

  const follow = (search: Search, news: SearchNews & { kind: 'diff' }): void => {
    if (!search.window) return
    const window = applyProvidersDiff(search.window, news.diff)
    if (window === search.window) return
    if (window) return show(search, window)
    search.window = null
    doubt(search)
    soon()
  }

  return {
    watch(query) {
      const search = searchOf(query)
      let isOpen = true
      search.readers += 1
      return {
        get: search.state.get,
        subscribe: (listener) => search.state.subscribe(() => isOpen && listener()),
        close() {
          if (!isOpen) return
          isOpen = false
          search.readers -= 1
          if (search.readers === 0) soon()
        },
      }
    },
    wishes,
    told(key, news) {
      const search = searches.get(key)
      if (!search) return
      if (news.kind === 'window') show(search, news.window)
      else if (news.kind === 'diff') follow(search, news)
      else if (news.kind === 'doubted') doubt(search)
      else search.state.set({ ...search.state.get(), status: 'failed', error: refusedAs(news.error) })
    },
    lost() {
      for (const search of searches.values()) doubt(search)
    },
  }
}
