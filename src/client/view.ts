import type { PresenceInfo } from '../domain/info.ts'
import type { Status } from '../domain/status.ts'
import type { PresenceUpdate } from '../protocol/events.ts'

/** What the server told of one user. Plain data, because tabs hand it to each other. */
export interface View {
  readonly userId: string
  readonly status: Status
  readonly lastSeen: string | null
  readonly message: string | null
  /** Decimal digits; a larger number is newer. Null when it came with a plain read, which has none. */
  readonly version: string | null
}

export const fromInfo = (info: PresenceInfo, version: string | null): View => ({
  userId: info.userId,
  status: info.online_status,
  lastSeen: info.last_seen,
  message: info.custom_message ?? null,
  version,
})

export const fromUpdate = (update: PresenceUpdate): View => ({
  userId: update.userId,
  status: update.status,
  lastSeen: update.last_seen,
  message: update.custom_message ?? null,
  version: update.version,
})

/**
 * Whether `next` may take the place of `held`: versions only grow (R7), and whatever has one beats a plain read. Of two plain reads
 * the later one counts, unless it is surely older: last seen only moves forward (R13).
 */
export function isNewer(next: View, held: View | undefined): boolean {
  if (!held) return true
  if (held.version === null) {
    return next.version !== null || next.lastSeen === null || next.lastSeen >= (held.lastSeen ?? '')
  }
  return next.version !== null && BigInt(next.version) > BigInt(held.version)
}
