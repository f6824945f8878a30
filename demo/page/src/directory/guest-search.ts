import { type ProviderSearch, type ProviderSearchState, UNANSWERED_SEARCH } from 'porchlight/client'
import type { PresenceInfo, ProviderWatchRequest } from 'porchlight/protocol'
import { fetchProviders, type Provider } from '../api/directory.ts'
import { type Http, refusalOf } from '../api/http.ts'
import { createSignal } from '../state/signal.ts'
import { paramsOf } from './query.ts'

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 15_000

/**
 * The search of somebody who is not signed in: there is no connection that could tell, so it looks again now and then, while the tab is
 * seen. To whoever reads it, it is a search like any other.
 *
 * @param seed told of the presences on cards
 */
export function searchAsGuest(
  http: Http,
  request: ProviderWatchRequest,
  seed: (presences: readonly PresenceInfo[]) => void,
): ProviderSearch<Provider> {
  const state = createSignal<ProviderSearchState<Provider>>(UNANSWERED_SEARCH)
  const closed = new AbortController()

  const look = async (): Promise<void> => {
    try {
      const page = await fetchProviders(http, paramsOf(request), closed.signal)
      seed(page.providers.map(({ presence }) => presence))
      state.set({
        status: page.stale ? 'stale' : 'live',
        providers: page.providers,
        counts: page.counts,
        nextCursor: page.next_cursor,
        asOf: page.as_of,
        error: null,
      })
    } catch (error) {
      if (closed.signal.aborted) return
      const shown = state.get()
      state.set({ ...shown, status: shown.counts === null ? 'failed' : 'stale', error: refusalOf(error) })
    }
  }
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void look()
  }, LOOK_EVERY_MS)
  void look()

  return {
    get: state.get,
    subscribe: state.subscribe,
    close() {
      clearInterval(timer)
      closed.abort()
    },
  }
}
