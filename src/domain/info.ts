import type { Status } from './status.ts'
import type { UserRecord } from './user-record.ts'
import type { View } from './view.ts'

/** A presence as it leaves the service (4.1). Only the user themself ever reads `show_status: false` (R30). */
export interface PresenceInfo {
  userId: string
  online_status: Status
  /** ISO 8601, or null when it is not known. */
  last_seen: string | null
  custom_message?: string
  show_status: boolean
  /** Present, and true, only while the system cannot vouch for it. */
  stale?: true
}

/** ISO 8601 of a moment in epoch milliseconds, null staying null. */
export const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** Words a view as a `PresenceInfo`. */
export function presenceInfo(userId: string, view: Omit<View, 'version'>, showStatus: boolean): PresenceInfo {
  return {
    userId,
    online_status: view.status,
    last_seen: isoTime(view.lastSeenAt),
    ...(view.message === null ? {} : { custom_message: view.message }),
    show_status: showStatus,
  }
}

/** The view that `viewerId` may have of this record: their own truth, or what strangers see (R33, R34). */
export const viewFor = (record: UserRecord, viewerId: string | null): View =>
  viewerId === record.userId ? record.own : record.stranger

/** What `viewerId` may be told of this record. */
export const infoFor = (record: UserRecord, viewerId: string | null): PresenceInfo =>
  presenceInfo(record.userId, viewFor(record, viewerId), viewerId === record.userId ? record.visibility.visible : true)
