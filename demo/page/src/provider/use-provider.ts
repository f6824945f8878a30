import { RequestError } from 'porchlight/client'
import { useConnection, usePresenceClient } from 'porchlight/react'
import { useCallback, useEffect, useLayoutEffect, useState } from 'react'
import { fetchProvider, type Provider } from '../api/directory.ts'
import { explain } from '../api/http.ts'
import { usePageServices } from '../page-services.ts'

const GUEST_POLL_MS = 15_000

interface ProviderState {
  readonly provider: Provider | null
  readonly failure: { readonly message: string; readonly code: string; readonly missing: boolean } | null
  readonly retry: () => void
}

/** The person, at once if their card was shown already, and then as the server knows them. */
export function useProvider(id: string): ProviderState {
  const { http, met } = usePageServices()
  const client = usePresenceClient()
  const [fetched, setFetched] = useState<Provider | null>(null)
  const [failure, setFailure] = useState<ProviderState['failure']>(null)
  const [round, setRound] = useState(0)

  useEffect(() => {
    const stop = new AbortController()
    const look = async (): Promise<void> => {
      try {
        const provider = await fetchProvider(http, id, stop.signal)
        setFetched(provider)
        setFailure(null)
      } catch (error) {
        if (stop.signal.aborted) return
        const missing = error instanceof RequestError && (error.status === 404 || error.status === 400)
        setFailure({ ...explain(error), missing })
      }
    }
    void look()
    return () => stop.abort()
  }, [http, id, round])

  // Before it is painted, and again for another client: whoever is shown is never unknown first.
  useLayoutEffect(() => {
    if (fetched) client.seed([fetched.presence])
  }, [client, fetched])
  const again = useCallback(() => setRound((before) => before + 1), [])
  useGuestPoll(again)
  return { provider: fetched ?? met.get(id) ?? null, failure, retry: again }
}

/** Without a live connection, asking again now and then keeps the page roughly true. */
function useGuestPoll(look: () => void): void {
  const closed = useConnection().state === 'closed'
  useEffect(() => {
    if (!closed) return
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') look()
    }, GUEST_POLL_MS)
    return () => clearInterval(timer)
  }, [closed, look])
}
