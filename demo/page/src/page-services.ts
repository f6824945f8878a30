import { createPresenceClient, type PresenceClient, type ProviderSearch } from 'porchlight/client'
import type { PresenceInfo, ProviderWatchRequest } from 'porchlight/protocol'
import { createContext, use } from 'react'
import type { Provider } from './api/directory.ts'
import { createHttp, type Http } from './api/http.ts'
import { searchAsGuest } from './directory/guest-search.ts'
import { createPlaces, type Places } from './directory/places.ts'
import { createDemoSession, type DemoSession } from './identity/demo-session.ts'
import { createReported, type Reported } from './report/reported.ts'
import { createSignal, type Signal } from './state/signal.ts'
import { type Announcements, createAnnouncements } from './status/announcements.ts'

/** What the page is made of. Made once, in `main.tsx`. */
export interface PageServices {
  readonly http: Http
  readonly session: DemoSession
  /** The live presence of whoever is signed in; of a guest, one that stays closed. Another person has another client. */
  readonly presence: Signal<PresenceClient>
  readonly places: Places
  /** Everybody whose card was shown, as it was last: their own page begins with it. */
  readonly met: Map<string, Provider>
  /** What the person at this page reported. */
  readonly reported: Reported
  readonly announcements: Announcements
}

export function createPageServices(): PageServices {
  const http = createHttp()
  const session = createDemoSession(http)
  const presence = createSignal(guestClient(http))
  const met = new Map<string, Provider>()
  const reported = createReported()
  followIdentity(session, presence, () => guestClient(http), met)
  presence.subscribe(() => reported.follow(presence.get()))
  return { http, session, presence, places: createPlaces(http), met, reported, announcements: createAnnouncements() }
}

/** Gives each person a client of their own, which begins with whom the page has shown. */
function followIdentity(
  session: DemoSession,
  presence: Signal<PresenceClient>,
  guest: () => PresenceClient,
  met: ReadonlyMap<string, Provider>,
): void {
  let person: string | null = null

  const change = (client: PresenceClient): void => {
    const before = presence.get()
    client.seed(Array.from(met.values(), (provider) => provider.presence))
    presence.set(client)
    before.close()
  }

  session.identity.subscribe(() => {
    const identity = session.identity.get()
    const personId = identity.phase === 'in' ? identity.person.id : null
    if (personId === person) return
    person = personId
    if (personId === null) return change(guest())

    const client = createPresenceClient({ token: () => session.token(personId), userId: personId })
    client.connection.subscribe(() => {
      const { reason } = client.connection.get()
      if (client !== presence.get()) return
      if (reason === 'signed-out') session.leave('This device was signed out.')
      if (reason === 'token-rejected') session.leave('You were signed out.')
      if (reason === 'banned' || reason === 'user-deleted') session.leave('This account may not be used any more.')
    })
    change(client)
  })
}

/** Nobody is signed in, so it is never connected: it shows what came with lists, and its searches look again now and then. */
function guestClient(http: Http): PresenceClient {
  const client = createPresenceClient({
    token: () => Promise.reject(new Error('nobody is signed in')),
    share: 'tab',
  })
  return {
    ...client,
    watchProviders: <Card extends { readonly presence: PresenceInfo }>(query: ProviderWatchRequest) =>
      // Cards are what the server answers: whoever searches says what they look like.
      searchAsGuest(http, query, client.seed) as ProviderSearch<unknown> as ProviderSearch<Card>,
  }
}

export const PageServicesContext = createContext<PageServices | null>(null)

export function usePageServices(): PageServices {
  const services = use(PageServicesContext)
  if (!services) throw new Error('The page is not wrapped in a PageServicesContext.')
  return services
}
