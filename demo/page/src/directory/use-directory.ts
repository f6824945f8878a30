import { useConnection, usePresenceClient } from 'porchlight/react'
import { type RefObject, useEffect, useMemo } from 'react'
import { usePageServices } from '../page-services.ts'
import { useSignal } from '../state/use-signal.ts'
import type { DirectoryState } from './directory-store.ts'
import { type DirectoryQuery, readQuery } from './query.ts'

/** Milliseconds between two quiet looks at the first page: with a live connection, and without one. */
const LIVE_POLL_MS = 10_000
const GUEST_POLL_MS = 15_000
/** Milliseconds after a live change until the search is asked again; it answers from a cache up to a second old. */
const AFTER_CHANGE_MS = 1_200

/** The query that the address means, once city and service are known; the first visit gets the first city. */
export function useQuery(address: string): DirectoryQuery | null {
  const { places } = usePageServices()
  const { firstCity, firstService } = useSignal(places.state)
  return useMemo(() => {
    const asked = readQuery(address)
    const cityId = asked.cityId ?? firstCity?.id
    const serviceId = asked.serviceId ?? firstService?.id
    return cityId && serviceId ? { ...asked, cityId, serviceId } : null
  }, [address, firstCity, firstService])
}

/** Shows the query's list and keeps it fresh while the tab is seen. */
export function useDirectory(query: DirectoryQuery | null, list: RefObject<HTMLElement | null>): DirectoryState {
  const { directory } = usePageServices()
  const client = usePresenceClient()
  const closed = useConnection().state === 'closed'

  useEffect(() => {
    if (query) void directory.show(query)
  }, [directory, query])

  useEffect(() => {
    let soon: ReturnType<typeof setTimeout> | undefined
    const look = async (): Promise<void> => {
      soon = undefined
      if (document.visibilityState !== 'visible') return
      await directory.refreshQuietly()
      if (list.current && !isInUse(list.current)) directory.letGo()
    }
    const onVisible = (): void => void look()
    const timer = setInterval(() => void look(), closed ? GUEST_POLL_MS : LIVE_POLL_MS)
    const stop = client.onChange(({ before, after }) => {
      if (before.status !== after.status) soon ??= setTimeout(() => void look(), AFTER_CHANGE_MS)
    })
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      clearInterval(timer)
      clearTimeout(soon)
      stop()
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [directory, client, closed, list])

  return useSignal(directory.state)
}

/** Whether moving a card could move what somebody is about to press. A finger gives no warning, so touch always is. */
function isInUse(list: HTMLElement): boolean {
  const touch = !window.matchMedia('(hover: hover)').matches
  return touch || list.matches(':hover') || list.contains(document.activeElement)
}
