import { type DemoPerson, demoLogin, fetchPeople } from '../api/demo.ts'
import { explain, type Http } from '../api/http.ts'
import { replaceAddress } from '../navigation/location.ts'
import { createSignal, type Signal } from '../state/signal.ts'

/** Who looks at this page. A guest sees the directory, too, only not live. */
type DemoIdentity =
  | { readonly phase: 'starting' }
  | { readonly phase: 'guest'; readonly reason: string | null }
  | { readonly phase: 'in'; readonly person: DemoPerson }

export interface DemoSession {
  readonly identity: Signal<DemoIdentity>
  /** Signs in as whom the address, this tab's memory, or the demo suggests. */
  start(): Promise<void>
  become(person: Pick<DemoPerson, 'id'>): Promise<void>
  leave(reason: string): void
  /** @returns a token for whoever signed in here: the first time the one they got, after that a new one each time */
  token(personId: string): Promise<string>
}

const TAB_KEY = 'porchlight.person'

/** The demo's stand-in for a real sign-in: anybody may be anybody, one person per tab. */
export function createDemoSession(http: Http): DemoSession {
  const identity = createSignal<DemoIdentity>({ phase: 'starting' })
  const unused = new Map<string, string>()

  const become = async ({ id }: Pick<DemoPerson, 'id'>): Promise<void> => {
    try {
      const { token, user } = await demoLogin(http, id)
      sessionStorage.setItem(TAB_KEY, JSON.stringify(user))
      unused.set(user.id, token)
      identity.set({ phase: 'in', person: user })
    } catch (error) {
      identity.set({ phase: 'guest', reason: explain(error).message })
    }
  }

  return {
    identity,
    become,
    async start() {
      try {
        const person = fromAddress() ?? fromTab() ?? (await firstClient(http))
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
    async token(personId) {
      const token = unused.get(personId) ?? (await demoLogin(http, personId)).token
      unused.delete(personId)
      return token
    },
  }
}

/** `?as=<id>` names the person; it is taken out of the address, so that a copied link does not carry an identity. */
function fromAddress(): Pick<DemoPerson, 'id'> | null {
  const url = new URL(window.location.href)
  const id = url.searchParams.get('as')
  if (id === null) return null
  url.searchParams.delete('as')
  replaceAddress(url.pathname + url.search)
  return { id }
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
