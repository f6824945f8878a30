import type { PresenceInfo } from '../domain/info.ts'
import type {
  ListedProviders,
  PresenceClient,
  ProviderSearch,
  ProviderSearchState,
  ProviderWatchRequest,
  Readable,
} from '../client/contract.ts'
import { UNANSWERED_SEARCH } from '../client/search/unanswered.ts'

/** A search that is open while somebody listens: rendering may happen without ever being shown, and must open nothing. */
export interface ProvidersView<Card> extends Readable<ProviderSearchState<Card>> {
  /** Before there is a browser: the same object every time. */
  readonly onServer: ProviderSearchState<Card>
}

/** @param query null: nothing is asked for yet */
export function createProvidersView<Card extends { readonly presence: PresenceInfo }>(
  client: Pick<PresenceClient, 'watchProviders'>,
  query: ProviderWatchRequest | null,
  initial: ListedProviders<Card> | undefined,
): ProvidersView<Card> {
  const onServer = initial ? loadingWith(initial) : UNANSWERED_SEARCH
  let listed: ProviderSearchState<Card> = onServer
  let search: ProviderSearch<Card> | null = null
  let listeners = 0
  let shown: { readonly of: ProviderSearchState<Card>; readonly state: ProviderSearchState<Card> } | null = null

  /** Until somebody answered, what is known is what came along. */
  const get = (): ProviderSearchState<Card> => {
    const now = search?.get()
    if (!now) return listed
    if (now.counts !== null || listed === UNANSWERED_SEARCH) return now
    if (shown?.of !== now) shown = { of: now, state: { ...listed, status: now.status, error: now.error } }
    return shown.state
  }

  return {
    onServer,
    get,
    subscribe(listener) {
      if (query === null) return () => undefined
      search ??= client.watchProviders<Card>(query)
      listeners += 1
      const stop = search.subscribe(listener)
      return () => {
        stop()
        listeners -= 1
        if (listeners > 0) return
        // A part of the page that is put away and shown again begins with what it had.
        listed = { ...get(), status: 'loading', error: null }
        search?.close()
        search = null
      }
    },
  }
}

const loadingWith = <Card>({
  providers,
  counts,
  next_cursor,
  as_of,
}: ListedProviders<Card>): ProviderSearchState<Card> => ({
  ...UNANSWERED_SEARCH,
  providers,
  counts,
  nextCursor: next_cursor,
  asOf: as_of,
})
