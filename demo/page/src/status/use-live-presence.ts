import type { Provider } from '../api/directory.ts'
import { usePresence, useStale } from '../presence/react.ts'
import type { Status } from '../presence/wire.ts'
import { useNow } from './use-now.ts'
import { presenceWords } from './words.ts'

export interface LivePresence {
  readonly status: Status
  readonly lastSeen: string | null
  /** Only while present (R15). */
  readonly message: string | null
  readonly words: string
  readonly stale: boolean
}

/** What to show of a provider: the live view, else what came with the list. */
export function useLivePresence({ id, presence }: Pick<Provider, 'id' | 'presence'>): LivePresence {
  const live = usePresence(id)
  const lost = useStale()
  const now = useNow()
  const status = live?.status ?? presence.online_status
  const lastSeen = live ? live.lastSeen : presence.last_seen
  const message = live ? live.message : (presence.custom_message ?? null)
  return {
    status,
    lastSeen,
    message: status === 'offline' ? null : message,
    words: presenceWords(status, lastSeen, now),
    stale: lost || (live?.stale ?? presence.stale === true),
  }
}
