import type { PresenceInfo } from '../domain/info.ts'
import type { CloseReason } from './contract.ts'
import type { RequestError } from './request-error.ts'
import type { SearchNews } from './search/search-sync.ts'
import type { SearchWish } from './search/searches.ts'
import type { View } from './view.ts'

/** What a page hears from wherever its connection is: its own, or another tab's. Plain data, because it passes between tabs. */
export type Told =
  | { readonly type: 'accepted' }
  /** `since`: epoch milliseconds of the last moment at which the server was surely there. */
  | { readonly type: 'lost'; readonly since: number }
  /** For good, until somebody connects again. */
  | { readonly type: 'closed'; readonly reason: CloseReason }
  /** `vouched`: of whom the server said that they are as told, now or before. `doubted`: it cannot vouch for anybody. */
  | {
      readonly type: 'news'
      readonly views: readonly View[]
      readonly vouched: readonly string[]
      readonly doubted: boolean
    }
  | { readonly type: 'own'; readonly presence: PresenceInfo }
  /** Of a watched search, by its key. */
  | { readonly type: 'search'; readonly key: string; readonly news: SearchNews }
  | { readonly type: 'refused'; readonly error: Pick<RequestError, 'code' | 'message' | 'retryable'> }

/** What an upstream needs of the page that it serves. */
export interface Page {
  told(told: Told): void
  wanted(): ReadonlySet<string>
  /** The versioned views that the page has. */
  held(): readonly View[]
  searches(): readonly SearchWish[]
}

/** Where a page's wishes go. */
export interface Upstream {
  /** Replaces the page's wishes. */
  want(userIds: ReadonlySet<string>): void
  /** Replaces the page's searches. */
  search(wishes: readonly SearchWish[]): void
  /** A sign of use. */
  activity(): void
  /** Perhaps something is wrong or over: look after the connection now. */
  nudge(): void
  /** The network said that it is gone. */
  networkLost(): void
  /** Leaves: with a goodbye when nobody else stays. Nothing is told afterwards. */
  leave(): void
  /** The page is put away or closed by its browser: lets everything go that would keep it from sleeping, says no goodbye. */
  suspend(): void
}
