import { isoTime } from '../domain/info.ts'
import { isPresent } from '../domain/status.ts'
import type { View } from '../domain/view.ts'
import type { PresenceUpdate } from '../protocol/events.ts'

/** One change of one user's view for one audience, on its way to watchers. */
export interface Update {
  readonly words: PresenceUpdate
  /** The event that goes before it, for watchers who listen to events, when somebody came or left. */
  readonly flip: 'userOnline' | 'userOffline' | null
  /** A newer one was made: whoever has not been told this one need not be (R42). */
  superseded: boolean
}

/** Words a view. `known` is what its watchers knew before. */
export function wordUpdate(userId: string, at: number, view: View, known: View): Update {
  const present = isPresent(view.status)
  const words: PresenceUpdate = {
    userId,
    status: view.status,
    timestamp: new Date(at).toISOString(),
    last_seen: isoTime(view.lastSeenAt),
    ...(view.message === null ? {} : { custom_message: view.message }),
    version: String(view.version),
  }
  const flip = present === isPresent(known.status) ? null : present ? 'userOnline' : 'userOffline'
  return { words, flip, superseded: false }
}
