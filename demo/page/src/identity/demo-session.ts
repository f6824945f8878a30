import { type DemoPerson, demoLogin, fetchPeople } from '../api/demo.ts'
import { explain, type Http, refusalOf } from '../api/http.ts'
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

/** Milliseconds until a sign-in at the start that failed for now is tried again. */
const AGAIN_MS = 5_000

/** The demo's stand-in for a real sign-in: anybody may be anybody, one person per tab. */
export function createDemoSession(http: Http): DemoSession {
  const identity = createSignal<DemoIdentity>({ phase: 'starting' })
  const unused = new Map<string, string>()

  const signIn = async ({ id }: Pick<DemoPerson, 'id'>): Promise<void> => {
    const { token, user } = await demoLogin(http, id)
    sessionStorage.setItem(TAB_KEY, JSON.stringify(user))
    unused.set(user.id, token)
    identity.set({ phase: 'in', person: user })
  }

  const begin = async (known: Pick<DemoPerson, 'id'> | null): Promise<void> => {
    try {
      const person = known ?? (await firstClient(http))
      if (person) await signIn(person)
      else identity.set({ phase: 'guest', reason: null })
    } catch (error) {
      identity.set({ phase: 'guest', reason: explain(error).message })
      const { status, retryable } = refusalOf(error)
      if (retryable || status >= 500) setTimeout(() => identity.get().phase === 'guest' && void begin(known), AGAIN_MS)
    }
  }

  return {
    identity,
    async become(person) {
      try {
        await signIn(person)
      } catch (error) {
        identity.set({ phase: 'guest', reason: explain(error).message })
      }
    },
    start: () => begin(fromAddress() ?? fromTab()),
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
