// The load generator: thousands of clients in one process of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { serveVerbs } from '../processes/serve-verbs.ts'
import { churn } from './churn.ts'
import { type Client, openClient, type Shared } from './client.ts'
import { createFrameReader, type HeardUpdate } from './frames.ts'
import { createPacer } from './pacer.ts'
import { poll } from './poll.ts'
import { askInTurn } from './requests.ts'
import { startStampingProxy } from './stamping-proxy.ts'
import { createTally } from './tally.ts'
import type { ConnectPlan, LoadVerbs } from './verbs.ts'

const shared: Shared = { tally: createTally(), read: createFrameReader() }
const tokens = new Map<string, string>()
let clients: Client[] = []
let plan: ConnectPlan | null = null
/** For each client that remembers, whether each watched user was present, as heard last. */
let memories: Map<string, boolean>[] = []

const watchOf = ({ watches }: ConnectPlan, client: number): readonly number[] =>
  (watches.length === 1 ? watches[0] : watches[client]) ?? []

async function sign(secret: string, userId: string): Promise<void> {
  if (tokens.has(userId)) return
  const token = new SignJWT().setProtectedHeader({ alg: 'HS256' }).setSubject(userId).setIssuedAt()
  tokens.set(userId, await token.setExpirationTime('12h').sign(new TextEncoder().encode(secret)))
}

/** All of 127.0.0.0/8 is this machine. */
const addressOf = (client: number): string => `127.1.${Math.floor(client / 200)}.${1 + (client % 200)}`

async function connectOne(of: ConnectPlan, index: number): Promise<Client> {
  const { port, wire, users, watchable, remember = false, devices = false, addresses = false } = of
  const userId = users[index] ?? ''
  const watch = watchOf(of, index).map((position) => watchable[position] ?? '')
  const auth = {
    token: tokens.get(userId),
    device_type: 'web',
    format: 'diff',
    ...(devices && { device_id: `bench-${index}` }),
  }
  const from = addresses ? { localAddress: addressOf(index) } : {}
  if (!remember) return openClient(shared, { port, wire, auth, watch, ...from })
  const memory = new Map<string, boolean>()
  memories[index] = memory
  const onUpdates = (updates: readonly HeardUpdate[]) => {
    for (const { userId: about, status } of updates) memory.set(about, status !== 'offline')
  }
  return openClient(shared, { port, wire, auth, watch, onUpdates, ...from })
}

const verbs: LoadVerbs = {
  async prepare(secret, users) {
    for (const userId of users) await sign(secret, userId)
  },
  async connect(next) {
    plan = next
    memories = []
    await verbs.prepare(next.secret, next.wire === 'raw' ? [] : next.users)
    const opened: Client[] = []
    let taken = 0
    const worker = async () => {
      while (taken < next.users.length) opened.push(await connectOne(next, taken++))
    }
    await Promise.all(Array.from({ length: next.atOnce }, worker))
    clients = [...clients, ...opened]
    return opened.length
  },
  reset: () => shared.tally.reset(),
  tally: () => shared.tally.read(),
  wrongAtTheEnd(expected) {
    if (plan === null) return 0
    let wrong = 0
    for (let client = 0; client < plan.users.length; client++) {
      for (const position of watchOf(plan, client)) {
        const present = expected[position] ?? null
        if (present === null) continue
        if (memories[client]?.get(plan.watchable[position] ?? '') !== present) wrong++
      }
    }
    return wrong
  },
  heardPresent: () => memories.map((memory) => [...memory].flatMap(([userId, present]) => (present ? [userId] : []))),
  ping: (perSecond, forMs) => {
    const send = (n: number) => clients[n % clients.length]?.send('42["activity"]')
    return createPacer(send)(perSecond, forMs)
  },
  async askInPace(perSecond, forMs) {
    const delays: number[] = []
    const under: Promise<void>[] = []
    const send = (n: number): void => {
      const since = performance.now()
      const answer = clients[n % clients.length]?.beActive()
      if (answer) under.push(answer.then(() => void delays.push(performance.now() - since)))
    }
    await createPacer(send)(perSecond, forMs)
    await Promise.all(under)
    const sorted = delays.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
    return { p50Ms: at(0.5), p99Ms: at(0.99) }
  },
  async churn({ port, wire, secret, ...of }) {
    await verbs.prepare(secret, of.users)
    return churn(of, (userId, watch) => {
      const auth = { token: tokens.get(userId), device_type: 'web', format: 'diff', device_id: userId }
      return openClient(shared, { port, wire, auth, watch })
    })
  },
  async watchSearch(query) {
    const answers = await Promise.all(clients.map((client) => client.watchSearch(query)))
    const refused = answers.find((text) => text.includes('"ok":false'))
    if (refused !== undefined) throw new Error(`A search was refused: ${refused}`)
  },
  poll,
  ask: askInTurn,
  stampAnswers: startStampingProxy,
  async disconnect(how, spreadMs) {
    const leaving = clients
    clients = []
    const since = performance.now()
    for (const [index, client] of leaving.entries()) {
      const waitMs = (index * spreadMs) / leaving.length - (performance.now() - since)
      if (waitMs > 1) await sleep(waitMs)
      client.end(how)
    }
    await Promise.all(leaving.map(({ ended }) => ended))
  },
}

serveVerbs(verbs)
