import { createContext, use, useCallback, useEffect, useMemo, useSyncExternalStore } from 'react'
import type { ConnectionState } from './connection-state.ts'
import type { PresenceClient } from './presence-client.ts'
import type { Presence } from './roster.ts'
import type { Signal } from './signal.ts'

export const PresenceContext = createContext<PresenceClient | null>(null)

export function usePresenceClient(): PresenceClient {
  const client = use(PresenceContext)
  if (!client) throw new Error('The page is not wrapped in a PresenceContext.')
  return client
}

export const useSignal = <T>(signal: Signal<T>): T => useSyncExternalStore(signal.subscribe, signal.get)

export function usePresence(userId: string): Presence | undefined {
  const { roster } = usePresenceClient()
  const read = useCallback(() => roster.get(userId), [roster, userId])
  return useSyncExternalStore(roster.subscribe, read)
}

/** Whether marks must say that we lost contact. */
export const useStale = (): boolean => useSignal(usePresenceClient().stale)

export const useConnectionState = (): ConnectionState => useSignal(usePresenceClient().state)

/** Watches these people while the component is shown. A new array with the same ids is the same wish. */
export function useWatch(userIds: readonly string[]): void {
  const client = usePresenceClient()
  const key = userIds.join(',')
  const ids = useMemo(() => (key === '' ? [] : key.split(',')), [key])
  useEffect(() => (ids.length === 0 ? undefined : client.watch(ids)), [client, ids])
}
