import type { PresenceInfo } from '../domain/info.ts'
import type { Status } from '../domain/status.ts'
import type { AudienceLevel } from '../domain/visibility.ts'

/** An error over HTTP: RFC 9457 problem details, with our code and whether a retry can help (R52). */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  retryable: boolean
}

/** A provider's own fields with what the caller may know of their presence. */
export interface ProviderPresence {
  presence: PresenceInfo
  is_online: boolean
  last_seen_text: string
}

export interface ProviderList {
  providers: (Record<string, unknown> & ProviderPresence)[]
  next_cursor: string | null
  counts: { online: number; away: number; dnd: number }
  /** ISO 8601 time of the last change that the answer contains, or null when nothing ever changed. */
  as_of: string | null
  stale: boolean
}

/** What the caller lets others know. */
export interface PresenceSettings {
  /** The switch above all others: off, and others see somebody who was never here. */
  show_online_status: boolean
  /** Who may see the status and the message. */
  status_audience: AudienceLevel
  /** Who may see when the caller was here last. */
  last_seen_audience: AudienceLevel
  /** Whether others get last seen only as the quarter of a day, in UTC, that it lies in. */
  coarse_last_seen: boolean
}

/** Somebody whom the caller blocks. */
export interface Block {
  userId: string
  blocked_at: string
}

/** All that is held of one user. Moments are ISO 8601. */
export interface UserDataExport {
  user_id: string
  exported_at: string
  /** Proves whose data a line in the audit is about; kept nowhere else. */
  receipt: string
  /** As it is now: what the user sees of themself, what they chose, and their live sessions. */
  live: {
    presence: PresenceInfo
    chosen: { status: string | null; message: string | null; expires_at: string | null }
    last_activity: string | null
    sessions: {
      id: string
      device_type: 'web' | 'mobile' | 'desktop'
      device_id: string | null
      connected_at: string
      last_active_at: string
    }[]
  }
  /** Rows of each table; `users` are the columns of the host's that presence writes. */
  stored: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

/** What an erasure answers. */
export interface ErasedUserData {
  receipt: string
  /** Rows that were deleted or emptied. */
  rows: number
}

/** Reports that nobody has settled, oldest first. */
export interface MessageReports {
  reports: MessageReport[]
  next_cursor: string | null
}

/** What somebody was shown and reported. Nobody is told who. */
export interface MessageReport {
  id: string
  userId: string
  message: string
  status: Status
  reason: string | null
  reported_at: string
}

/** One of the caller's own devices. */
export interface DeviceSession {
  id: string
  device_type: 'web' | 'mobile' | 'desktop'
  device_id: string | null
  /** "Chrome on Windows", from the user agent, or null. */
  device_name: string | null
  ip_address: string | null
  user_agent: string | null
  connected_at: string
  last_active_at: string
  last_ping: string
  is_active: boolean
}
