import type { PresenceClient } from 'porchlight/client'
import type { PresenceInfo, Status } from 'porchlight/protocol'
import { fetchProviders, type Provider } from '../api/directory.ts'
import { explain, type Http } from '../api/http.ts'
import { createSignal, type Signal } from '../state/signal.ts'
import { statusIn } from './live-counts.ts'
import { append, bringIn, drop, firstListing, type Listing, leave, refresh } from './listing.ts'
import { addressOf, type DirectoryQuery, requestOf } from './query.ts'

export interface DirectoryState {
  readonly query: DirectoryQuery | null
  /** While another filter loads, what the one before gave. Null before the first answer of a city and service. */
  readonly listing: Listing | null
  readonly loading: boolean
  readonly loadingMore: boolean
  readonly failed: { readonly message: string; readonly code: string } | null
  /** The last quiet request failed: what is shown may be old. */
  readonly behind: boolean
}

export interface DirectoryStore {
  readonly state: Signal<DirectoryState>
  /** What came along with everybody on the screen. */
  listedPresences(): readonly PresenceInfo[]
  show(query: DirectoryQuery): Promise<void>
  retry(): Promise<void>
  refreshQuietly(): Promise<void>
  showMore(): Promise<void>
  bringIn(): void
  /** Lets cards go that no longer match the filter. Called only while that moves nothing under pointer or focus. */
  letGo(): void
}

/** As long as the fade in the style sheet. */
const FADE_MS = 150

export function createDirectoryStore(http: Http, client: () => PresenceClient): DirectoryStore {
  const state = createSignal<DirectoryState>({
    query: null,
    listing: null,
    loading: true,
    loadingMore: false,
    failed: null,
    behind: false,
  })
  const change = (part: Partial<DirectoryState>): void => state.set({ ...state.get(), ...part })
  let current = new AbortController()

  const statusOf = (provider: Provider): Status =>
    statusIn(client().get(provider.id)) ?? provider.presence.online_status

  const belongs = (provider: Provider): boolean => {
    const statuses = state.get().query?.statuses ?? []
    return statuses.length === 0 || statuses.some((status) => status === statusOf(provider))
  }

  async function load(query: DirectoryQuery): Promise<void> {
    current.abort()
    current = new AbortController()
    const { signal } = current
    const { query: before, listing } = state.get()
    // Another filter dims the cards while it loads; another city or service must not show people who are elsewhere.
    const samePeople = before?.cityId === query.cityId && before.serviceId === query.serviceId
    change({ query, listing: samePeople ? listing : null, loading: true, loadingMore: false, failed: null })
    try {
      const page = await fetchProviders(http, requestOf(query, null), signal)
      client().seed(page.providers.map(presenceOf))
      change({ listing: firstListing(page), loading: false, behind: false })
    } catch (error) {
      if (!signal.aborted) change({ loading: false, failed: explain(error) })
    }
  }

  async function refreshQuietly(): Promise<void> {
    const { query, listing, loading } = state.get()
    if (!query || !listing || loading) return
    const { signal } = current
    try {
      const page = await fetchProviders(http, requestOf(query, null), signal)
      const now = state.get().listing
      if (signal.aborted || !now) return
      client().seed(page.providers.map(presenceOf))
      change({ listing: refresh(now, page), behind: false })
    } catch {
      // The list stays as it is and says so; the next round tries again.
      if (!signal.aborted) change({ behind: true })
    }
  }

  return {
    state,
    listedPresences: () => (state.get().listing?.shown ?? []).map(presenceOf),
    refreshQuietly,
    async show(query) {
      const { query: before, failed } = state.get()
      if (before && !failed && addressOf(before) === addressOf(query)) await refreshQuietly()
      else await load(query)
    },
    async retry() {
      const { query } = state.get()
      if (query) await load(query)
    },
    async showMore() {
      const { query, listing, loadingMore } = state.get()
      if (!query || !listing?.nextCursor || loadingMore) return
      const { signal } = current
      change({ loadingMore: true })
      try {
        const page = await fetchProviders(http, requestOf(query, listing.nextCursor), signal)
        const now = state.get().listing
        if (signal.aborted || !now) return
        client().seed(page.providers.map(presenceOf))
        change({ listing: append(now, page), loadingMore: false })
      } catch {
        // The button stays, and pressing it again is the retry.
        if (!signal.aborted) change({ loadingMore: false, behind: true })
      }
    },
    bringIn() {
      const { listing } = state.get()
      if (listing) change({ listing: bringIn(listing, belongs) })
    },
    letGo() {
      const { listing } = state.get()
      if (!listing || listing.leaving.size > 0) return
      const fresh = new Set(listing.fresh.map(({ id }) => id))
      const gone = listing.shown.filter((provider) => !fresh.has(provider.id) && !belongs(provider))
      if (gone.length === 0) return
      change({ listing: leave(listing, new Set(gone.map(({ id }) => id))) })
      setTimeout(() => {
        const now = state.get().listing
        if (now) change({ listing: drop(now) })
      }, FADE_MS)
    },
  }
}

const presenceOf = ({ presence }: Provider): PresenceInfo => presence
