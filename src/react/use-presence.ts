import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react'
import type { Presence } from '../client/contract.ts'
import { usePresenceContext } from './presence-context.ts'
import { unknownPresence } from './unknown-presence.ts'

/** One user's presence, watched while the component is shown. Renders again when this user's presence changes, only. */
export function usePresence(userId: string): Presence {
  const { client } = usePresenceContext()
  useEffect(() => client.watch([userId]), [client, userId])

  const subscribe = useCallback((listener: () => void) => client.subscribe(userId, listener), [client, userId])
  const onServer = useMemo(() => unknownPresence(userId), [userId])
  return useSyncExternalStore(
    subscribe,
    () => client.get(userId),
    () => onServer,
  )
}
