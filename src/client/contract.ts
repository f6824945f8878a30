import type { PresenceInfo } from '../domain/info.ts'
import type { ChoosableStatus, Status } from '../domain/status.ts'
import type { DeviceSession } from '../protocol/http.ts'
import type { ConnectionState } from './connection-state.ts'
import type { RequestError } from './request-error.ts'

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
export type CloseReason = 'not-opened' | 'closed' | 'signed-out' | 'token-rejected'

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
  sessions(): Promise<readonly DeviceSession[]>
  signOut(sessionId: string): Promise<void>
  /** @returns how many devices were signed out, this one included */
  signOutEverywhere(): Promise<number>
}

export interface PresenceClientOptions {
  /**
   * A token for this user. Asked for before the first connection and again before the one at hand expires; `refresh` is
   * true when the server refused the last one.
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
}
