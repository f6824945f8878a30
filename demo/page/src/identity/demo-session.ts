import { type DemoPerson, demoLogin, fetchPeople } from '../api/demo.ts'
import { fetchProvider } from '../api/directory.ts'
import { explain, type Http } from '../api/http.ts'
import { replaceAddress } from '../navigation/location.ts'
import { createSignal, type Signal } from '../presence/signal.ts'

/** Who looks at this page. A guest sees the directory, too, only not live. */
type DemoIdentity =
  | { readonly phase: 'starting' }
  | { readonly phase: 'guest'; readonly reason: string | null }
  | { readonly phase: 'in'; readonly person: DemoPerson; readonly token: string }

export interface DemoSession {
  readonly identity: Signal<DemoIdentity>
  /** Signs in as whom the address, this tab's memory, or the demo suggests. */
  start(): Promise<void>
  become(person: DemoPerson): Promise<void>
  leave(reason: string): void
  /** Gets a new token for the same person. @returns whether that worked */
  renew(): Promise<boolean>
}

const TAB_KEY = 'porchlight.person'
/** Pages of clients looked through for the name of an id. */
const SEARCH_PAGES = 5

/** The demo's stand-in for a real sign-in: anybody may be anybody, one person per tab. */
export function createDemoSession(http: Http): DemoSession {
  const identity = createSignal<DemoIdentity>({ phase: 'starting' })

  const become = async (person: DemoPerson): Promise<void> => {
    try {
      const token = await demoLogin(http, person.id)
      sessionStorage.setItem(TAB_KEY, JSON.stringify(person))
      identity.set({ phase: 'in', person, token })
    } catch (error) {
      identity.set({ phase: 'guest', reason: explain(error).message })
    }
  }

  return {
    identity,
    become,
    async start() {
      try {
        const person = (await fromAddress(http)) ?? fromTab() ?? (await firstClient(http))
        if (person) await become(person)
        else identity.set({ phase: 'guest', reason: null })
      } catch (error) {
        identity.set({ phase: 'guest', reason: explain(error).message })
      }
    },
    leave(reason) {
      sessionStorage.removeItem(TAB_KEY)
      identity.set({ phase: 'guest', reason })
    },
    async renew() {
      const current = identity.get()
      if (current.phase !== 'in') return false
      await become(current.person)
      return identity.get().phase === 'in'
    },
  }
}

/** `?as=<id>` names the person; it is taken out of the address, so that a copied link does not carry an identity. */
async function fromAddress(http: Http): Promise<DemoPerson | null> {
  const url = new URL(window.location.href)
  const id = url.searchParams.get('as')
  if (id === null) return null
  url.searchParams.delete('as')
  replaceAddress(url.pathname + url.search)
  const known = fromTab()
  return known?.id === id ? known : await named(http, id)
}

/** Finds the name that belongs to an id; the demo has no look-up of one user, so a client is searched for. */
async function named(http: Http, id: string): Promise<DemoPerson> {
  try {
    const { name } = await fetchProvider(http, id)
    return { id, name, role: 'provider' }
  } catch {
    return (await findClient(http, id)) ?? { id, name: 'Somebody', role: 'client' }
  }
}

async function findClient(http: Http, id: string): Promise<DemoPerson | null> {
  let cursor: string | null = null
  for (let page = 0; page < SEARCH_PAGES; page++) {
    const { users, next_cursor } = await fetchPeople(http, 'client', { limit: 100, cursor })
    const found = users.find((user) => user.id === id)
    if (found) return found
    if (next_cursor === null) return null
    cursor = next_cursor
  }
  return null
}

async function firstClient(http: Http): Promise<DemoPerson | null> {
  const { users } = await fetchPeople(http, 'client', { limit: 1 })
  return users[0] ?? null
}

function fromTab(): DemoPerson | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(TAB_KEY) ?? 'null')
    return isPerson(kept) ? kept : null
  } catch {
    return null
  }
}

const isPerson = (value: unknown): value is DemoPerson =>
  typeof value === 'object' && value !== null && 'id' in value && 'name' in value && 'role' in value
