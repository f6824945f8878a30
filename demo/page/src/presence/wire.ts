/** The part of Porchlight's wire that this page speaks: names and shapes only (design 4.1, 4.4). */

export const STATUSES = ['online', 'away', 'dnd', 'offline'] as const
export type Status = (typeof STATUSES)[number]

/** What a person may pick; being seen as offline is what the visibility switch is for (R11). */
export type ChoosableStatus = Exclude<Status, 'offline'>

/** One person's presence as this viewer may see it. */
export interface PresenceInfo {
  readonly userId: string
  readonly online_status: Status
  /** ISO 8601, or null when unknown or not ours to know. */
  readonly last_seen: string | null
  readonly custom_message?: string | null
  readonly show_status: boolean
  readonly stale?: boolean
}

/** One change of a view. `version` is an opaque number in a string that only grows. */
export interface PresenceUpdate {
  readonly userId: string
  readonly status: Status
  readonly timestamp: string
  readonly last_seen: string | null
  readonly custom_message?: string | null
  readonly version: string
}

export interface StatusChoice {
  readonly status: ChoosableStatus
  /** Left out: kept. Null: cleared. */
  readonly message?: string | null
  /** Seconds. Left out: until the person changes it. */
  readonly expires_in?: number
}

export interface AckFailure {
  readonly ok: false
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean }
}

export interface WatchSnapshot {
  readonly ok: true
  readonly presences: readonly PresenceInfo[]
  readonly versions: Readonly<Record<string, string>>
  readonly stale: boolean
}

export interface ClientToServer {
  activity: () => void
  watch: (
    request: { users: readonly string[]; known?: Readonly<Record<string, string>> },
    ack: (reply: WatchSnapshot | AckFailure) => void,
  ) => void
  setStatus: (choice: StatusChoice, ack: (reply: { ok: true; presence: PresenceInfo } | AckFailure) => void) => void
}

export interface ServerToClient {
  presenceUpdate: (update: PresenceUpdate) => void
  selfPresence: (presence: PresenceInfo) => void
  resync: () => void
  stale: () => void
  drain: (order: { reconnect_in_ms: number }) => void
}
