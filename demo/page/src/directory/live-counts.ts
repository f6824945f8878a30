import type { Presence } from 'porchlight/client'
import type { Status } from 'porchlight/protocol'
import type { Counts } from '../api/directory.ts'
import type { Listing } from './listing.ts'
import type { PresentStatus } from './query.ts'

/** What is known of somebody; null when nobody told. */
export const statusIn = ({ status }: Presence): Status | null => (status === 'unknown' ? null : status)

/**
 * The counts of the last answer, moved by what the live connection has told since about people on that page: the number
 * at the top turns at once, and the next answer settles it.
 */
export function liveCounts({ latest }: Listing, presences: readonly Presence[]): Counts {
  const counts: Record<PresentStatus, number> = { ...latest.counts }
  const statuses = new Map(presences.map((presence) => [presence.userId, statusIn(presence)]))
  for (const { id, presence } of latest.providers) {
    const now = statuses.get(id)
    if (!now || now === presence.online_status) continue
    if (presence.online_status !== 'offline') counts[presence.online_status]--
    if (now !== 'offline') counts[now]++
  }
  return {
    online: Math.max(0, counts.online),
    away: Math.max(0, counts.away),
    dnd: Math.max(0, counts.dnd),
  }
}
