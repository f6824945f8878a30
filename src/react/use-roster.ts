import { useEffect, useMemo } from 'react'
import type { Presence } from '../client/contract.ts'
import { usePresenceContext } from './presence-context.ts'
import { createRosterView } from './roster-view.ts'
import { unknownPresence } from './unknown-presence.ts'
import { useReadable } from './use-readable.ts'

/**
 * The presences of these users in the order of the ids, watched while the component is shown. The array is the same
 * object until one of them changes. A new array with the same ids is the same wish.
 */
export function useRoster(userIds: readonly string[]): readonly Presence[] {
  const { client } = usePresenceContext()
  const key = JSON.stringify(userIds)
  const ids = useMemo(() => JSON.parse(key) as string[], [key])
  useEffect(() => (ids.length === 0 ? undefined : client.watch(ids)), [client, ids])

  const view = useMemo(() => createRosterView(client, ids), [client, ids])
  const onServer = useMemo(() => ids.map(unknownPresence), [ids])
  return useReadable(view, onServer)
}
