import type { PresenceInfo } from '../domain/info.ts'
import type { ChoosableStatus, Status } from '../domain/status.ts'
import type { Closing } from './close-reasons.ts'
import type { ProviderPresence } from './http.ts'

/** A failed ack: a code, a sentence, and whether the same call may succeed later (R52). */
export interface ErrorReply {
  ok: false
  error: { code: string; message: string; retryable: boolean }
}

/** What the client passes as `auth` in the handshake. */
export interface Handshake {
  token: string
  device_type?: 'web' | 'mobile' | 'desktop'
  /** Names this device (a tab, an app), so that a returning one ends the session it left in grace. At most 128 characters. */
  device_id?: string
  /** How changes arrive. @default 'events' */
  format?: 'events' | 'diff'
  /** Version of this protocol. @default 1 */
  v?: number
}

export interface StatusChange {
  status: ChoosableStatus
  /** Omitted: kept. Null or empty: cleared. */
  message?: string | null
  /** Seconds, 1 to 2,592,000. Omitted: until changed. */
  expires_in?: number
}

/** A token of the same user, to go on with: nothing else about the connection changes. */
export interface RenewRequest {
  token: string
}

export interface RenewReply {
  ok: true
  /** ISO 8601: when the connection is closed unless it is renewed again. Null: never. */
  expires_at: string | null
}

export interface WatchRequest {
  /** The whole list of user ids; it replaces the one before. */
  users: string[]
  /** Versions the client already has: these are left out of the answer when they are current. */
  known?: Record<string, string>
}

export interface WatchReply {
  ok: true
  presences: PresenceInfo[]
  versions: Record<string, string>
  stale: boolean
}

/**
 * A search to be told about: the parameters of `GET /api/providers` without a cursor. Numbers may be numbers, and lists lists. Watching
 * the same again is the same watch.
 */
export interface ProviderWatchRequest {
  city_id?: string | number
  service_id?: string | number
  online_status?: string | Status[]
  last_seen?: string
  active_within?: string
  name?: string
  min_price?: string | number
  max_price?: string | number
  min_rating?: string | number
  max_rating?: string | number
  sort?: 'availability' | 'last_seen' | 'rating' | 'price'
  /** How many providers the window has. 1 to 100. @default 20 */
  limit?: string | number
}

/** A provider's own fields with what strangers may know of their presence; `presence.userId` names them. */
export type ProviderCard = Record<string, unknown> & ProviderPresence

export interface ProviderCounts {
  online: number
  away: number
  dnd: number
}

/** The window as it is now. Diffs with a higher `seq` follow. */
export interface ProviderWatchReply {
  ok: true
  watch_id: string
  providers: ProviderCard[]
  counts: ProviderCounts
  seq: number
  /** Goes on where the window ends, by `GET /api/providers`. */
  next_cursor: string | null
  as_of: string | null
  stale: boolean
}

/**
 * What became of a watched window. Each diff has the next number: whoever misses one watches anew. Applied: take away who left, put in
 * who entered, replace who changed, and put all into the order of `order`.
 */
export interface ProvidersDiff {
  watch_id: string
  seq: number
  enter: ProviderCard[]
  /** User ids. */
  leave: string[]
  change: ProviderCard[]
  counts: ProviderCounts
  /** User ids of the whole window; left out when neither who is in it nor their order changed. */
  order?: string[]
  next_cursor: string | null
  as_of: string | null
  stale: boolean
}

/** One change of a view. A missing `custom_message` means that there is none. */
export interface PresenceUpdate {
  userId: string
  status: Status
  /** ISO 8601 time of the change. */
  timestamp: string
  last_seen: string | null
  custom_message?: string
  /** Decimal digits; a larger number is newer. */
  version: string
}

export interface StatusEvent {
  userId: string
  status: Status
  version: string
}

type Ack<Reply> = (reply: Reply | ErrorReply) => void

/**
 * What clients send. On the wire every ack may be left out; here it is required, because the types of Socket.IO word the answer of
 * `emitWithAck` only then, and because a refusal that nobody hears is no use.
 */
export interface ClientToServer {
  activity: () => void
  setStatus: (change: StatusChange, ack: Ack<{ ok: true; presence: PresenceInfo }>) => void
  watch: (request: WatchRequest, ack: Ack<WatchReply>) => void
  watchProviders: (request: ProviderWatchRequest, ack: Ack<ProviderWatchReply>) => void
  renew: (request: RenewRequest, ack: Ack<RenewReply>) => void
  unwatch: (request: { watch_id?: string }, ack: Ack<{ ok: true }>) => void
}

export interface ServerToClient {
  presenceUpdate: (update: PresenceUpdate) => void
  userOnline: (event: StatusEvent) => void
  userOffline: (event: StatusEvent) => void
  presenceDiff: (diff: { changed: PresenceUpdate[] }) => void
  providersDiff: (diff: ProvidersDiff) => void
  selfPresence: (info: PresenceInfo) => void
  resync: () => void
  stale: () => void
  drain: (hint: { reconnect_in_ms: number }) => void
  closing: (why: Closing) => void
}
