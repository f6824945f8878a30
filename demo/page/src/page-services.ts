import { createPresenceClient, type PresenceClient } from 'porchlight/client'
import { createContext, use } from 'react'
import { createHttp, type Http } from './api/http.ts'
import { createDirectoryStore, type DirectoryStore } from './directory/directory-store.ts'
import { createPlaces, type Places } from './directory/places.ts'
import { createDemoSession, type DemoSession } from './identity/demo-session.ts'
import { createSignal, type Signal } from './state/signal.ts'

/** What the page is made of. Made once, in `main.tsx`. */
export interface PageServices {
  readonly http: Http
  readonly session: DemoSession
  /** The live presence of whoever is signed in; of a guest, one that stays closed. Another person has another client. */
  readonly presence: Signal<PresenceClient>
  readonly directory: DirectoryStore
  readonly places: Places
}

export function createPageServices(): PageServices {
  const http = createHttp()
  const session = createDemoSession(http)
  const presence = createSignal(guestClient())
  const directory = createDirectoryStore(http, presence.get)
  followIdentity(session, presence, directory)
  return { http, session, presence, directory, places: createPlaces(http) }
}

/** Gives each person a client of their own, which begins with what is on the screen. */
function followIdentity(session: DemoSession, presence: Signal<PresenceClient>, directory: DirectoryStore): void {
  let person: string | null = null

  const change = (client: PresenceClient): void => {
    const before = presence.get()
    client.seed(directory.listedPresences())
    presence.set(client)
    before.close()
  }

  session.identity.subscribe(() => {
    const identity = session.identity.get()
    const personId = identity.phase === 'in' ? identity.person.id : null
    if (personId === person) return
    person = personId
    if (personId === null) return change(guestClient())

    const client = createPresenceClient({ token: () => session.token(personId), userId: personId })
    client.connection.subscribe(() => {
      const { reason } = client.connection.get()
      if (client !== presence.get()) return
      if (reason === 'signed-out') session.leave('This device was signed out.')
      if (reason === 'token-rejected') session.leave('You were signed out.')
    })
    change(client)
  })
}

/** Shows what came with the lists. Nobody is signed in, so it is never connected. */
const guestClient = (): PresenceClient =>
  createPresenceClient({ token: () => Promise.reject(new Error('nobody is signed in')), share: 'tab' })

export const PageServicesContext = createContext<PageServices | null>(null)

export function usePageServices(): PageServices {
  const services = use(PageServicesContext)
  if (!services) throw new Error('The page is not wrapped in a PageServicesContext.')
  return services
}
