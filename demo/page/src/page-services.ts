import { createContext, use } from 'react'
import { createHttp, type Http } from './api/http.ts'
import { createDirectoryStore, type DirectoryStore } from './directory/directory-store.ts'
import { createPlaces, type Places } from './directory/places.ts'
import { createDemoSession, type DemoSession } from './identity/demo-session.ts'
import { createOwnPresence, type OwnPresence } from './own-status/own-presence.ts'
import { createPresenceClient, type PresenceClient } from './presence/presence-client.ts'

/** What the page is made of. Made once, in `main.tsx`. */
export interface PageServices {
  readonly http: Http
  readonly session: DemoSession
  readonly presence: PresenceClient
  readonly own: OwnPresence
  readonly directory: DirectoryStore
  readonly places: Places
}

/** Milliseconds between two attempts to replace a token that was refused. */
const RENEW_PAUSE_MS = 10_000

export function createPageServices(): PageServices {
  const http = createHttp(
    () => tokenOf(session),
    () => session.renew(),
  )
  const session = createDemoSession(http)
  const presence = createPresenceClient()
  const own = createOwnPresence(http, presence)
  connectSession(session, presence, own)
  const directory = createDirectoryStore(http, presence)
  return { http, session, presence, own, directory, places: createPlaces(http) }
}

/** Opens the live connection of whoever is signed in. A new token for the same person leaves the connection alone. */
function connectSession(session: DemoSession, presence: PresenceClient, own: OwnPresence): void {
  let person: string | null = null
  let renewedAt = Number.NEGATIVE_INFINITY

  const renew = (): void => {
    const wait = Math.max(0, renewedAt + RENEW_PAUSE_MS - performance.now())
    setTimeout(async () => {
      renewedAt = performance.now()
      if (await session.renew()) open()
    }, wait)
  }

  const open = (): void =>
    presence.open(() => tokenOf(session) ?? '', {
      selfPresence: own.learn,
      signedOut: () => session.leave('This device was signed out.'),
      tokenRejected: renew,
    })

  session.identity.subscribe(() => {
    const identity = session.identity.get()
    const personId = identity.phase === 'in' ? identity.person.id : null
    if (personId === person) return
    person = personId
    presence.close()
    own.forget()
    if (personId === null) return
    void own.load(personId)
    open()
  })
}

function tokenOf(session: DemoSession): string | null {
  const identity = session.identity.get()
  return identity.phase === 'in' ? identity.token : null
}

export const PageServicesContext = createContext<PageServices | null>(null)

export function usePageServices(): PageServices {
  const services = use(PageServicesContext)
  if (!services) throw new Error('The page is not wrapped in a PageServicesContext.')
  return services
}
