import type { Provider, ProviderPage } from '../api/directory.ts'

/**
 * The cards on the screen and what waits behind them. Fresh pages never move a card by themselves: who is new waits in
 * `entering` until the person asks, who no longer belongs stays until that moves nobody's pointer or focus.
 */
export interface Listing {
  readonly shown: readonly Provider[]
  /** The newest first page, which `bringIn` puts on the screen. */
  readonly fresh: readonly Provider[]
  readonly entering: readonly Provider[]
  /** Cards that fade out right now. */
  readonly leaving: ReadonlySet<string>
  readonly nextCursor: string | null
  readonly latest: ProviderPage
}

const NOBODY: ReadonlySet<string> = new Set()

const idsOf = (providers: readonly Provider[]): Set<string> => new Set(providers.map(({ id }) => id))

export const firstListing = (page: ProviderPage): Listing => ({
  shown: page.providers,
  fresh: page.providers,
  entering: [],
  leaving: NOBODY,
  nextCursor: page.next_cursor,
  latest: page,
})

/** Adds the next page below, without anybody who has moved up into view meanwhile. */
export function append(listing: Listing, page: ProviderPage): Listing {
  const known = idsOf(listing.shown)
  const added = page.providers.filter(({ id }) => !known.has(id))
  return { ...listing, shown: [...listing.shown, ...added], nextCursor: page.next_cursor }
}

/** Takes a quietly fetched first page: cards keep their places, their own facts are renewed. */
export function refresh(listing: Listing, page: ProviderPage): Listing {
  // Nothing is there to be moved.
  if (listing.shown.length === 0) return firstListing(page)
  const byId = new Map(page.providers.map((provider) => [provider.id, provider]))
  const known = idsOf(listing.shown)
  return {
    ...listing,
    shown: listing.shown.map((provider) => byId.get(provider.id) ?? provider),
    fresh: page.providers,
    entering: page.providers.filter(({ id }) => !known.has(id)),
    latest: page,
  }
}

/** Puts the fresh first page on top and drops who no longer belongs; the rest follows in its order. */
export function bringIn(listing: Listing, belongs: (provider: Provider) => boolean): Listing {
  const onTop = idsOf(listing.fresh)
  const rest = listing.shown.filter((provider) => !onTop.has(provider.id) && belongs(provider))
  return { ...listing, shown: [...listing.fresh, ...rest], entering: [], leaving: NOBODY }
}

export const leave = (listing: Listing, ids: ReadonlySet<string>): Listing => ({ ...listing, leaving: ids })

export const drop = (listing: Listing): Listing => ({
  ...listing,
  shown: listing.shown.filter(({ id }) => !listing.leaving.has(id)),
  leaving: NOBODY,
})
