import fc from 'fast-check'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PresenceClient, ProviderSearch } from '../../src/client/index.ts'
import { assemblePresenceClient } from '../../src/client/presence-client.ts'
import { readSurroundings } from '../../src/client/surroundings.ts'
import type {
  PresenceInfo,
  PresenceUpdate,
  ProviderList,
  ProviderWatchRequest,
  WatchRequest,
} from '../../src/protocol/index.ts'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

const PROVIDERS = 4
const VIEWERS = 3
const RUNS = 25

type Step =
  | { readonly do: 'watch'; readonly viewer: number; readonly whom: readonly number[] }
  | { readonly do: 'unwatch' | 'cut' | 'unseek'; readonly viewer: number }
  | { readonly do: 'seek'; readonly viewer: number; readonly search: number }
  | { readonly do: 'change'; readonly provider: number; readonly status: 'online' | 'away' | 'dnd' }
  | { readonly do: 'hide' | 'show' | 'leave' | 'return'; readonly provider: number }
  | { readonly do: 'lag'; readonly viewer: number; readonly ms: number }
  | { readonly do: 'drop' }
  | { readonly do: 'breathe'; readonly ms: number }

/** Windows that hold all who move, none of them, or some. */
const SEARCHES: readonly ProviderWatchRequest[] = [
  { online_status: 'online,away,dnd' },
  { online_status: 'online', limit: 2 },
  { sort: 'last_seen', limit: 3 },
]

let market: Marketplace
let providers: Provider[]
let viewers: Viewer[]

beforeAll(async () => {
  const soon = { PRESENCE_GRACE_MS: '50', PRESENCE_LIVE_SEARCH_EVERY_MS: '50' }
  market = await startMarketplace({ ...soon, PRESENCE_RATE_LIMIT: 'off' })
  providers = await Promise.all(Array.from({ length: PROVIDERS }, (_, index) => openProvider(index)))
  viewers = await Promise.all(Array.from({ length: VIEWERS }, (_, index) => openViewer(index)))
})
afterAll(async () => {
  for (const { client } of viewers) client.close()
  await market.stop()
})

test('R7 R40 R41 R44 whatever is watched, changed, cut and dropped: all end at the truth, never went back, heard no stranger', async () => {
  const viewer = fc.nat({ max: VIEWERS - 1 })
  const provider = fc.nat({ max: PROVIDERS - 1 })
  const whom = fc.uniqueArray(provider, { minLength: 1, maxLength: 2 })
  const search = fc.nat({ max: SEARCHES.length - 1 })
  const status = fc.constantFrom('online', 'away', 'dnd')
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('watch' as const), viewer, whom }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('unwatch' as const), viewer }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('seek' as const), viewer, search }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('unseek' as const), viewer }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('change' as const), provider, status }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('hide' as const, 'show' as const), provider }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'return' as const), provider }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), viewer }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('lag' as const), viewer, ms: fc.nat({ max: 120 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
    { weight: 12, arbitrary: fc.record({ do: fc.constant('breathe' as const), ms: fc.nat({ max: 60 }) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 100, size: 'max' }), async (steps) => {
      const doing: Promise<unknown>[] = []
      for (const one of steps) {
        // As long as the client gathers wishes at most, so that steps fall before, into and after its messages.
        if (one.do === 'breathe') await new Promise((resolve) => setTimeout(resolve, one.ms))
        else doing.push(take(one))
      }
      await Promise.all(doing)
      for (const one of viewers) await convergence(one)
      // What is right may be so by chance, when nobody tells of a user any more and nothing happened to them since.
      for (const one of providers) await one.change('away')
      for (const one of viewers) await convergence(one)
      expect(viewers.flatMap(({ faults }) => faults)).toEqual([])
      // Each history begins with nobody watched: lists that only grow would soon stay the same.
      for (const one of viewers) while (one.watched().length > 0) one.unwatch()
      for (const one of viewers) while (one.searches.length > 0) one.unseek()
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
}, 120_000)

async function take(step: Exclude<Step, { do: 'breathe' }>): Promise<unknown> {
  if (step.do === 'drop') return market.dropConnections()
  if ('viewer' in step) {
    const viewer = viewers[step.viewer]
    if (step.do === 'watch') return viewer?.watch(step.whom.map((index) => providers[index]?.person.id ?? ''))
    if (step.do === 'seek') return viewer?.seek(SEARCHES[step.search] ?? {})
    if (step.do === 'unseek') return viewer?.unseek()
    if (step.do === 'lag') return viewer?.lag(step.ms)
    return step.do === 'unwatch' ? viewer?.unwatch() : viewer?.cut()
  }
  const provider = providers[step.provider]
  if (step.do === 'change') return await provider?.change(step.status)
  if (step.do === 'hide' || step.do === 'show') return await provider?.setVisible(step.do === 'show')
  return step.do === 'leave' ? provider?.leave() : await provider?.comeBack()
}

/** Everybody who is watched is shown as a plain read says, and every search shows what a plain one finds. */
async function convergence({ client, person, watched, searches }: Viewer): Promise<void> {
  await eventually(
    async () => {
      const ids = watched()
      if (client.connection.get().state !== 'live') return 'not live'
      if (ids.length === 0) return ''
      const { body } = await market.http(`/api/users/presence?ids=${ids.join(',')}`, { as: person })
      const truth = (body.presences as PresenceInfo[]).map((info) => ({
        userId: info.userId,
        status: info.online_status,
        lastSeen: info.last_seen,
        message: info.custom_message ?? null,
        stale: false,
      }))
      const shown = truth.map(({ userId }) => client.get(userId))
      return JSON.stringify(truth) === JSON.stringify(shown) ? '' : 'differs'
    },
    (difference) => difference === '',
  )
  for (const { query, search } of searches) {
    await eventually(
      async () => {
        const address = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
        const { body } = await market.http(`/api/providers?${address}`)
        const { status, providers, counts } = search.get()
        return status === 'live' && wording(body as ProviderList) === wording({ providers, counts })
      },
      (agrees) => agrees,
    )
  }
}

/** What can be seen of a list, without what time alone moves. */
const wording = ({ providers, counts }: { providers: readonly object[]; counts: object | null }): string =>
  JSON.stringify([providers.map((card) => ({ ...card, last_seen_text: '' })), counts])

interface Provider {
  readonly person: Person
  change(status: 'online' | 'away' | 'dnd'): Promise<void>
  setVisible(visible: boolean): Promise<void>
  leave(): void
  comeBack(): Promise<void>
}

async function openProvider(index: number): Promise<Provider> {
  const person = await market.person('provider', index)
  let client: Client | null = await market.connect(person)
  let count = 0
  // One decision after the other, so that the numbers in the messages are the order of the truth.
  let turn: Promise<unknown> = Promise.resolve()
  const decide = async (path: string, json: object): Promise<void> => {
    turn = turn.then(() => market.http(`/api/users/presence/${path}`, { method: 'PATCH', as: person, json }))
    await turn
  }
  return {
    person,
    async change(status) {
      count += 1
      await decide('status', { status, message: `#${count}` })
    },
    setVisible: (visible) => decide('settings', { show_online_status: visible }),
    leave() {
      client?.cut()
      client = null
    },
    async comeBack() {
      if (client) return
      const returned = market.connect(person)
      client = await returned
    },
  }
}

interface Viewer {
  readonly person: Person
  readonly client: PresenceClient
  /** What must never be: news of strangers, views that went back. */
  readonly faults: string[]
  watch(userIds: readonly string[]): void
  /** Ends the oldest wish. */
  unwatch(): void
  watched(): readonly string[]
  seek(query: ProviderWatchRequest): void
  /** Ends the oldest search. */
  unseek(): void
  readonly searches: readonly { readonly query: ProviderWatchRequest; readonly search: ProviderSearch }[]
  cut(): void
  /** From now on answers take this long, so that changes overtake them, and wishes come while one is under way. */
  lag(ms: number): void
}

async function openViewer(index: number): Promise<Viewer> {
  const person = await market.person('client', index)
  const faults: string[] = []
  const searches: { query: ProviderWatchRequest; search: ProviderSearch }[] = []
  const wishes: { userIds: readonly string[]; end: () => void }[] = []
  let socket: Socket | null = null
  let lagMs = 0
  const client = assemblePresenceClient(
    { url: market.url, token: () => person.token, share: 'tab' },
    {
      ...readSurroundings(),
      io: ((url: string, options: object) => {
        // Back sooner than a page would be: a history is short, and is not to be spent waiting.
        socket = io(url, { ...options, reconnectionDelay: 20 })
        guard(
          socket,
          () => lagMs,
          (userId) => faults.push(`${person.name} heard of ${userId}`),
        )
        return socket
      }) as typeof io,
    },
  )
  for (const { person: provider } of providers) {
    let shown = 0
    client.subscribe(provider.id, () => {
      const number = Number(client.get(provider.id).message?.slice(1) ?? shown)
      if (number < shown) faults.push(`${provider.name} went back from ${shown} to ${number}`)
      shown = number
    })
  }
  client.connect()
  return {
    person,
    client,
    faults,
    watch: (userIds) => void wishes.push({ userIds, end: client.watch(userIds) }),
    unwatch: () => wishes.shift()?.end(),
    watched: () => [...new Set(wishes.flatMap(({ userIds }) => userIds))],
    searches,
    seek: (query) => void searches.push({ query, search: client.watchProviders(query) }),
    unseek: () => searches.shift()?.search.close(),
    cut: () => {
      if (socket?.connected) socket.io.engine.close()
    },
    lag: (ms) => {
      lagMs = ms
    },
  }
}

/** Compares what the server tells with what this connection asked for: a shorter list holds from its acknowledgement on. */
function guard(socket: Socket, lagMs: () => number, stranger: (userId: string) => void): void {
  let asked = new Set<string>()
  const emit = socket.emit.bind(socket)
  socket.on('connect', () => {
    asked = new Set()
  })
  socket.on('presenceDiff', ({ changed }: { changed: PresenceUpdate[] }) => {
    for (const { userId } of changed) if (!asked.has(userId)) stranger(userId)
  })
  for (const event of ['presenceUpdate', 'userOnline', 'userOffline']) {
    socket.on(event, () => stranger(`somebody, by ${event}`))
  }
  socket.emit = (event, ...args) => {
    const [request, ack] = args as [WatchRequest, (reply: unknown) => void]
    if (event !== 'watch' && event !== 'watchProviders') return emit(event, ...args)
    if (event === 'watchProviders')
      return emit(event, request, (reply: unknown) => setTimeout(() => ack(reply), lagMs()))
    asked = new Set([...asked, ...request.users])
    return emit(event, request, (reply: unknown) => {
      asked = new Set(request.users)
      setTimeout(() => ack(reply), lagMs())
    })
  }
}
