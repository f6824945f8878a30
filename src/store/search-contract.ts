import type { Status } from '../domain/status.ts'

/** What searches go by: the host's directory, and the listing of it that is kept beside the presence (ADR 0017). */
export interface SearchStore {
  /** Searches the host's directory together with what strangers may know. */
  findProviders(query: ProviderSearch): Promise<ProviderPage>
  /** Where a search looks for these users, as it finds them now; whoever is no provider is left out. */
  listings(userIds: readonly string[]): Promise<Map<string, Listing>>
  /** Brings what searches know of these providers up to what the host's directory says. @returns what changed */
  refreshListing(userIds: readonly string[]): Promise<Relisting[]>
  /** The same for up to `limit` providers in order of their ids. @param after the last one of the part before */
  refreshListingAfter(after: string | null, limit: number): Promise<ListingPass>
  /** Counts present providers anew. @returns how many counts were wrong */
  recountListing(): Promise<number>
}

export const PROVIDER_SORTS = ['availability', 'last_seen', 'rating', 'price'] as const
export type ProviderSort = (typeof PROVIDER_SORTS)[number]

/** Bounds of a number, inclusive; null: none. Who has no such number is never within one. */
export interface Bounds {
  readonly min: number | null
  readonly max: number | null
}

/** Where searches look for a provider. */
export interface Place {
  readonly cityId: string | null
  readonly serviceIds: readonly string[]
}

/** A provider whom the directory describes otherwise than before. Null: in no search. */
export interface Relisting {
  readonly userId: string
  readonly before: Place | null
  readonly after: Place | null
}

/** Where a provider is listed. */
export interface Listing extends Place {
  /** Version of the strangers' view that searches go by: behind the live one by the projection. Zero: of nothing ever told. */
  readonly version: number
}

/** A place in a sorted list: the two sort keys and the id of the last row before it. */
export interface ProviderPosition {
  readonly keys: readonly [number, number]
  readonly id: string
}

/** A search of the directory. All conditions must hold; bounds are inclusive, in epoch milliseconds. */
export interface ProviderSearch {
  readonly cityId: string | null
  readonly serviceId: string | null
  readonly statuses: readonly Status[] | null
  readonly seenSince: number | null
  readonly activeSince: number | null
  /** A part of the name, folded (`foldName`). */
  readonly name: string | null
  readonly price: Bounds
  readonly rating: Bounds
  readonly sort: ProviderSort
  readonly limit: number
  readonly after: ProviderPosition | null
  /** Short names (`shortName`) of providers to leave out: the pages before gave them. */
  readonly shown: readonly string[]
  /** Users whose hiding is not stored yet: to be taken as never seen. */
  readonly hidden: readonly string[]
}

/** A provider's own fields, as the host describes them in `directory`. */
export interface ProviderRow {
  readonly userId: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly position: ProviderPosition
  /** Last activity that strangers may know of, in epoch milliseconds. */
  readonly shownActivityAt: number | null
}

/** A part of the directory that was compared. */
export interface ListingPass {
  /** Where the next part begins, or null: that was the last. */
  readonly last: string | null
  /** How many the directory has in this part. */
  readonly compared: number
  readonly changed: readonly Relisting[]
}

export interface ProviderPage {
  readonly rows: readonly ProviderRow[]
  readonly more: boolean
  /** Present users of the city and service, whatever the status filter. */
  readonly counts: Readonly<Record<Exclude<Status, 'offline'>, number>>
  /** Epoch milliseconds of the last change of a strangers' view that the answer contains, or null. */
  readonly asOf: number | null
}
