import type { PresenceInfo } from '../domain/info.ts'
import type { ChoosableStatus, Status } from '../domain/status.ts'
import type { ProviderCard, ProviderCounts, ProviderWatchRequest } from '../protocol/events.ts'
import type { Block, DeviceSession, PresenceSettings } from '../protocol/http.ts'
import type { ConnectionState } from './connection-state.ts'
import type { RequestError } from './request-error.ts'

export type { PresenceSettings, ProviderCard, ProviderCounts, ProviderWatchRequest }

/** A value that can be read now and heard of when it changes. What `get` answers stays the same object until it changes. */
export interface Readable<Value> {
  get(): Value
  /** @returns stops telling */
  subscribe(listener: () => void): () => void
}

/** What this browser knows of one user. Immutable; a change is another object. */
export interface Presence {
  /** As the server writes it, however it was asked for: a UUID in lower case. */
  readonly userId: string
  /** `unknown` until somebody answered, and again once contact has been lost for `staleAfterMs` (R45). */
  readonly status: Status | 'unknown'
  /** ISO 8601, or null when it is not known. */
  readonly lastSeen: string | null
  /** Only of somebody who is present. */
  readonly message: string | null
  /** True while it may be out of date: the server is lost, or the server lost its store. */
  readonly stale: boolean
}

/** One user's presence before and after a change that a reader can see. Never told of a first sight. */
export interface PresenceChange {
  readonly userId: string
  readonly before: Presence
  readonly after: Presence
}

/** Why a closed connection is closed. */
export type CloseReason = 'not-opened' | 'closed' | 'signed-out' | 'token-rejected' | 'banned' | 'user-deleted'

export interface ConnectionInfo {
  readonly state: ConnectionState
  /** Null unless closed. `closed`: this page asked for it. `signed-out`: the server ended it, for good. */
  readonly reason: CloseReason | null
}

/** What somebody decides about themself. */
export interface Decision {
  status: ChoosableStatus
  /** Omitted: kept. Null or empty: cleared. */
  message?: string | null
  /** Seconds, 1 to 2,592,000. Omitted: until changed. */
  expiresIn?: number
}

/** The signed-in user themself, as only they may see it. Null until the server told. */
export interface OwnPresence extends Readable<PresenceInfo | null> {
  /** @throws {RequestError} whatever the server refuses, or no server that answers */
  setStatus(decision: Decision): Promise<PresenceInfo>
  /** @throws {RequestError} code `NOT_DURABLE`: it holds, but is not stored yet (R32) */
  setVisible(visible: boolean): Promise<void>
  /** What others may know. */
  settings(): Promise<PresenceSettings>
  /** What is left out is kept. @throws {RequestError} code `NOT_DURABLE`: it holds, but is not stored yet (R32) */
  changeSettings(change: Partial<PresenceSettings>): Promise<PresenceSettings>
  /** What a stranger, somebody they deal with, or somebody they block sees of them now. */
  preview(as: 'stranger' | 'contact' | 'blocked'): Promise<PresenceInfo>
  /** Whom they block, the latest first. */
  blocks(): Promise<readonly Block[]>
  /** From now on that user sees nothing of this one (R37). */
  block(userId: string): Promise<void>
  unblock(userId: string): Promise<void>
  /**
   * Tells staff of the message that this user is shown of that one. Nobody learns whose report it is, and once more tells nothing new.
   *
   * @throws {RequestError} code `NOT_FOUND`: they show no message, not any more either
   */
  reportMessage(userId: string, reason?: string): Promise<void>
  sessions(): Promise<readonly DeviceSession[]>
  signOut(sessionId: string): Promise<void>
  /** @returns how many devices were signed out, this one included */
  signOutEverywhere(): Promise<number>
}

export interface PresenceClientOptions {
  /**
   * A token for this user. Asked for before the first connection and again before the one at hand expires, which renews the
   * connection in place; `refresh` is true when the server refused the last one.
   */
  token: (reason: { refresh: boolean }) => string | Promise<string>
  /** Where Porchlight answers. @default the page's own origin */
  url?: string
  /** Path of Socket.IO on that server. @default '/socket.io' */
  socketPath?: string
  /** Where this user's decisions are sent, below `url`. @default '/api/users/presence' */
  apiPath?: string
  /** `browser`: all tabs of this browser share one connection, where the platform allows. @default 'browser' */
  share?: 'browser' | 'tab'
  /** Whose tabs may share. @default the token's `sub`; without either each tab has its own connection */
  userId?: string
  /** @default 'mobile' when the main pointer is coarse, else 'web' */
  deviceType?: 'web' | 'mobile' | 'desktop'
  /** Whether pointer, keys, wheel, touch and coming back count as activity. @default true */
  activity?: boolean
  /**
   * Told when the server refuses to tell of some users: `LIMIT_EXCEEDED` when more are watched than it allows (the oldest
   * wishes are kept), `INVALID_ID` when an id cannot be one. Those users stay `unknown`; everybody else is watched.
   */
  onError?: (error: RequestError) => void
  /** Milliseconds without a server after which what is shown is stale. @default 2_000 */
  overdueAfterMs?: number
  /** Milliseconds without a server after which what is shown is unknown. At least `overdueAfterMs`. @default 30_000 */
  staleAfterMs?: number
}

/** What a watched search shows. Immutable; a change is another object, in which the cards that did not change are the same. */
export interface ProviderSearchState<Card = ProviderCard> {
  /**
   * `loading`: nobody answered yet. `live`: changes are told as they happen. `stale`: it may be old, because the connection is lost or
   * the server is not sure (R45); it is being asked anew. `failed`: the server refused, and `error` says why.
   */
  readonly status: 'loading' | 'live' | 'stale' | 'failed'
  /** Best first. */
  readonly providers: readonly Card[]
  /** Of the city and service asked for, whatever status was asked for. Null until somebody answered. */
  readonly counts: ProviderCounts | null
  /** Goes on where the list ends, by `GET /api/providers`. */
  readonly nextCursor: string | null
  /** ISO 8601 time of the last change that is contained. */
  readonly asOf: string | null
  /** Of a failed search. One that is retryable is tried again by itself. */
  readonly error: RequestError | null
}

/** What `GET /api/providers` answered, as far as a list shows it. */
export interface ListedProviders<Card = ProviderCard> {
  readonly providers: readonly Card[]
  readonly counts: ProviderCounts
  readonly next_cursor: string | null
  readonly as_of: string | null
}

/** One reader's search for providers. All readers of equal searches share one watch. */
export interface ProviderSearch<Card = ProviderCard> extends Readable<ProviderSearchState<Card>> {
  /** Ends this reader's wish. Nothing is told afterwards. */
  close(): void
}

/** Live presence for a page. */
export interface PresenceClient {
  readonly connection: Readable<ConnectionInfo>
  readonly own: OwnPresence
  /** What this device calls itself: the `device_id` of its own row among `own.sessions()`. */
  deviceId(): string
  /** Connects and stays connected; harmless when it is already. */
  connect(): void
  /** Says goodbye for this tab: it leaves at once when no other tab of this browser stays. Can be connected again. */
  close(): void
  /** Asks for news of these users until the returned function is called. Counted: every wish is ended by its own. */
  watch(userIds: readonly string[]): () => void
  /** Never null: somebody nobody told of yet is `unknown`. */
  get(userId: string): Presence
  /** Tells of this user alone, so that a page of thousands renders only what changed. */
  subscribe(userId: string, listener: () => void): () => void
  /**
   * Tells of every change that a reader can see, for announcements and counts. Turning stale is one, too: whoever reads
   * changes aloud compares what they say.
   */
  onChange(listener: (change: PresenceChange) => void): () => void
  /** Shows what came along with a list, until news of these users arrives; ignored of those whose news did. */
  seed(presences: readonly PresenceInfo[]): void
  /**
   * Searches for providers and stays told of who comes, goes and changes, until it is closed. Presences on the cards are shown
   * elsewhere, too, of users of whom there is no news. `Card`: what the host's providers look like.
   */
  watchProviders<Card extends { readonly presence: PresenceInfo } = ProviderCard>(
    query: ProviderWatchRequest,
  ): ProviderSearch<Card>
}
