import { createServer, connect as dial, type AddressInfo, type Socket as TcpSocket } from 'node:net'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPresenceClient, type RequestError } from '../../src/client/index.ts'
import type { Presence, PresenceClient, PresenceClientOptions } from '../../src/client/index.ts'
import { assemblePresenceClient } from '../../src/client/presence-client.ts'
import { readSurroundings, type Surroundings } from '../../src/client/surroundings.ts'
import type { WatchRequest } from '../../src/protocol/index.ts'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { shows, until } from '../support/until.ts'

let market: Marketplace
let marta: Person
let luc: Person
let paul: Person
const clients: PresenceClient[] = []
const people: Client[] = []
const proxies: Proxy[] = []

beforeAll(async () => {
  market = await startMarketplace({
    PRESENCE_GRACE_MS: '1500',
    PRESENCE_RATE_LIMIT: 'off',
    PRESENCE_MAX_WATCHED_USERS: '10',
  })
  marta = await market.person('provider', 0)
  luc = await market.person('provider', 1)
  paul = await market.person('client', 0)
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const client of people.splice(0)) client.leave()
  for (const proxy of proxies.splice(0)) proxy.close()
  await market.untilConnections(0)
})
afterAll(() => market.stop())

describe('watching', () => {
  test('R41 shows a snapshot, then changes', async () => {
    const provider = await arrive(marta)
    const { client } = await live(paul)
    expect(client.get(marta.id)).toEqual(unknown(marta))
    client.watch([marta.id])
    await shows(client, marta.id, { status: 'online', stale: false })
    await provider.ask('setStatus', { status: 'dnd', message: 'in a cellar' })
    await shows(client, marta.id, { status: 'dnd', message: 'in a cellar' })
    await provider.ask('setStatus', { status: 'online', message: null })
    provider.leave()
    await shows(client, marta.id, { status: 'offline', message: null })
    expect(client.get(marta.id)).toBe(client.get(marta.id))
  })

  test('R41 knows a user however their id is spelled, and names them as the server does', async () => {
    const provider = await arrive(marta)
    const { client, lists } = await live(paul)
    const loud = marta.id.toUpperCase()
    expect(loud).not.toBe(marta.id)
    client.watch([loud])
    client.watch([marta.id])
    await shows(client, loud, { userId: marta.id, status: 'online', stale: false })
    expect(client.get(loud)).toBe(client.get(marta.id))
    await provider.ask('setStatus', { status: 'dnd' })
    await shows(client, loud, { status: 'dnd' })
    await provider.ask('setStatus', { status: 'online' })
    expect(lists()).toEqual([[marta.id]])
  })

  test('R40 is one message for each change of the whole set, and none when it did not change', async () => {
    await arrive(marta)
    await arrive(luc)
    const { client, lists } = await live(paul)
    const first = client.watch([marta.id])
    const second = client.watch([marta.id, luc.id])
    await shows(client, luc.id, { status: 'online' })
    first()
    const third = client.watch([luc.id])
    second()
    third()
    client.watch([luc.id, marta.id])
    const last = client.watch([paul.id])
    await shows(client, paul.id, { status: 'online' })
    last()
    await eventually(
      async () => lists(),
      ({ length }) => length === 3,
    )
    expect(lists()).toEqual([[marta.id, luc.id], expect.arrayContaining([paul.id]), expect.any(Array)])
    expect(lists()[2]?.toSorted()).toEqual([marta.id, luc.id].toSorted())
  })

  test('R44 says after a loss what it has, and shows what changed meanwhile', async () => {
    const provider = await arrive(marta)
    await arrive(luc)
    const proxy = await openProxy()
    const { client, sent } = await live(paul, { url: proxy.url })
    client.watch([marta.id, luc.id])
    await shows(client, marta.id, { status: 'online' })
    await shows(client, luc.id, { status: 'online' })
    const lucBefore = client.get(luc.id)
    sent.length = 0
    proxy.cut()
    await until(client.connection, ({ state }) => state === 'connecting')
    await provider.ask('setStatus', { status: 'away' })
    proxy.mend()
    await shows(client, marta.id, { status: 'away' })
    const watch = sent.find(([event]) => event === 'watch')
    expect(watch?.[1]).toMatchObject({ known: { [marta.id]: expect.any(String), [luc.id]: expect.any(String) } })
    expect(client.get(luc.id)).toBe(lucBefore)
    await provider.ask('setStatus', { status: 'online' })
  })

  test('R45 marks everything stale, then unknown, without a server, never offline, and is right again after it', async () => {
    await arrive(marta)
    const proxy = await openProxy()
    const { client } = await live(paul, { url: proxy.url, overdueAfterMs: 150, staleAfterMs: 400 })
    client.watch([marta.id])
    await shows(client, marta.id, { status: 'online', stale: false })
    const seen: string[] = []
    client.onChange(({ after }) => seen.push(`${after.status}${after.stale ? ' stale' : ''}`))
    proxy.cut()
    await until(client.connection, ({ state }) => state === 'stale')
    await shows(client, marta.id, { status: 'unknown', stale: true })
    proxy.mend()
    await shows(client, marta.id, { status: 'online', stale: false })
    expect(seen).toEqual(['online stale', 'unknown stale', 'online'])
    expect(client.connection.get().state).toBe('live')
  })

  test('R45 is stale at once when the server says so, and asks until it can vouch again', async () => {
    await arrive(marta)
    const { client } = await live(paul)
    client.watch([marta.id])
    await shows(client, marta.id, { status: 'online', stale: false })
    const seen: boolean[] = []
    client.subscribe(marta.id, () => seen.push(client.get(marta.id).stale))
    market.server.io.emit('stale')
    await shows(client, marta.id, { stale: true })
    await shows(client, marta.id, { stale: false })
    expect(seen).toEqual([true, false])
  })

  test('R43 reads anew when it is told to', async () => {
    const { client, lists } = await live(paul)
    client.watch([marta.id])
    await eventually(
      async () => lists(),
      ({ length }) => length === 1,
    )
    market.server.io.emit('resync')
    await eventually(
      async () => lists(),
      ({ length }) => length === 2,
    )
    expect(lists()).toEqual([[marta.id], [marta.id]])
  })

  test('R53 keeps what fits when more is wished for than the server allows, and says so once', async () => {
    await arrive(marta)
    const errors: RequestError[] = []
    const { client, lists } = await live(paul, { onError: (error) => errors.push(error) })
    const users = await Promise.all(Array.from({ length: 14 }, (_, index) => market.person('provider', index + 2)))
    client.watch(['not an id', marta.id])
    await shows(client, marta.id, { status: 'online' })
    for (const user of users) client.watch([user.id])
    await eventually(
      async () => errors.map(({ code }) => code),
      (codes) => codes.includes('LIMIT_EXCEEDED'),
    )
    expect(errors.map(({ code }) => code)).toEqual(['INVALID_ID', 'LIMIT_EXCEEDED'])
    const told = users.filter(({ id }) => client.get(id).status !== 'unknown')
    // The oldest wishes: marta and the first nine.
    expect(told).toEqual(users.slice(0, 9))
    expect(lists().length).toBeLessThan(15)
  })

  test('shows what a list said until news arrives, and not what a list said after it', async () => {
    const { client } = await live(paul)
    const info = { userId: marta.id, online_status: 'dnd', last_seen: null, show_status: true } as const
    client.seed([info])
    expect(client.get(marta.id)).toMatchObject({ status: 'dnd', stale: false })
    client.watch([marta.id])
    await shows(client, marta.id, { status: 'offline' })
    client.seed([info])
    expect(client.get(marta.id)).toMatchObject({ status: 'offline' })
  })
})

describe('the connection', () => {
  test('is closed for good when the server signs the device out, and can be opened again', async () => {
    const { client, sockets } = await live(paul, { share: 'tab' })
    const [session] = await client.own.sessions()
    await client.own.signOut(session?.id ?? '')
    await until(client.connection, ({ state }) => state === 'closed')
    expect(client.connection.get()).toEqual({ state: 'closed', reason: 'signed-out' })
    expect(client.own.get()).toBeNull()
    expect(sockets).toHaveLength(1)
    client.connect()
    await until(client.connection, ({ state }) => state === 'live')
  })

  test('asks once more for a token that was refused, then gives up', async () => {
    const reasons: boolean[] = []
    const token = ({ refresh }: { refresh: boolean }) => {
      reasons.push(refresh)
      return refresh ? paul.token : 'nonsense'
    }
    await live(paul, { token })
    expect(reasons).toEqual([false, true])

    const { client } = open(paul, { token: () => 'nonsense' })
    client.connect()
    await until(client.connection, ({ reason }) => reason === 'token-rejected')
  })

  test('tries again when the page has no token to give', async () => {
    let failures = 0
    await live(paul, {
      token() {
        failures += 1
        return failures < 3 ? Promise.reject(new Error('the network is gone')) : paul.token
      },
    })
    expect(failures).toBe(3)
  })

  test('R54 comes back as it is asked to, and nobody else sees that it was gone', async () => {
    const { client } = await live(paul)
    const watcher = await arrive(marta)
    await watcher.ask('watch', { users: [paul.id] })
    watcher.forget()
    const states: string[] = []
    client.connection.subscribe(() => states.push(client.connection.get().state))
    market.server.io.emit('drain', { reconnect_in_ms: 20 })
    await eventually(
      async () => states,
      ({ length }) => length === 2,
    )
    expect(states).toEqual(['connecting', 'live'])
    expect(watcher.heard.filter(([, payload]) => payload?.['userId'] === paul.id)).toEqual([])
  })

  test('R3 says goodbye when it is closed', async () => {
    const { client } = await live(paul)
    const watcher = await arrive(marta)
    await watcher.ask('watch', { users: [paul.id] })
    client.close()
    await watcher.hears('presenceUpdate', { userId: paul.id, status: 'offline' })
    expect(client.connection.get()).toEqual({ state: 'closed', reason: 'closed' })
  })

  test('is live again within two seconds after a night of sleep', async () => {
    let slept = 0
    const page = new EventTarget()
    const { client, sockets } = await live(paul, {}, (real) => ({
      window: page as Window,
      document: Object.assign(new EventTarget(), { visibilityState: 'visible' }) as Document,
      timers: { ...real.timers, now: () => Date.now() + slept },
    }))
    const engine = sockets[0]?.io.engine
    const awake = Date.now()
    slept = 8 * 3_600_000
    page.dispatchEvent(new Event('online'))
    await until(client.connection, ({ state }) => state !== 'live')
    await until(client.connection, ({ state }) => state === 'live')
    expect(Date.now() - awake).toBeLessThan(2_000)
    expect(sockets[0]?.io.engine).not.toBe(engine)
  })

  test('believes the browser that the network is gone, and does not wait when it is back', async () => {
    const page = new EventTarget()
    const proxy = await openProxy()
    const { client } = await live(paul, { url: proxy.url }, () => ({
      window: page as Window,
      document: Object.assign(new EventTarget(), { visibilityState: 'visible' }) as Document,
    }))
    proxy.cut(false)
    page.dispatchEvent(new Event('offline'))
    expect(client.connection.get().state).toBe('connecting')
    await until(client.connection, ({ state }) => state === 'stale')
    proxy.mend()
    page.dispatchEvent(new Event('online'))
    await until(client.connection, ({ state }) => state === 'live')
  })
})

describe('one’s own presence', () => {
  test('R33 is told, decided and refused', async () => {
    const { client } = await live(paul)
    await until(client.own, (info) => info?.online_status === 'online')
    await client.own.setStatus({ status: 'dnd', message: 'reading', expiresIn: 3_600 })
    await until(client.own, (info) => info?.online_status === 'dnd' && info.custom_message === 'reading')
    await client.own.setVisible(false)
    await until(client.own, (info) => info?.show_status === false)
    await client.own.setVisible(true)
    await client.own.setStatus({ status: 'online', message: null })
    await expect(client.own.setStatus({ status: 'dnd', message: 'x'.repeat(101) })).rejects.toMatchObject({
      name: 'RequestError',
      code: 'INVALID_MESSAGE',
      retryable: false,
      status: 400,
    })
  })

  test('renews a token that was refused over HTTP, once', async () => {
    const { client } = open(paul, { token: ({ refresh }) => (refresh ? paul.token : 'nonsense') })
    await expect(client.own.sessions()).resolves.toEqual(expect.any(Array))
    const { client: other } = open(paul, { token: () => 'nonsense' })
    await expect(other.own.sessions()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 })
  })

  test('R52 says that nobody is there', async () => {
    const { client } = open(paul, { url: 'http://127.0.0.1:9' })
    await expect(client.own.sessions()).rejects.toMatchObject({ code: 'NOT_CONNECTED', retryable: true, status: 0 })
  })
})

test('without a browser everything can be read and wished before there is a connection', () => {
  const client = createPresenceClient({ token: () => '' })
  const unwatch = client.watch([marta.id])
  expect(client.get(marta.id)).toEqual(unknown(marta))
  expect(client.connection.get()).toEqual({ state: 'closed', reason: 'not-opened' })
  expect(client.own.get()).toBeNull()
  unwatch()
  client.close()
})

const unknown = ({ id }: Person): Presence => ({
  userId: id,
  status: 'unknown',
  lastSeen: null,
  message: null,
  stale: false,
})

interface Opened {
  readonly client: PresenceClient
  readonly sockets: Socket[]
  readonly sent: [event: string, payload: unknown][]
  lists(): readonly string[][]
}

function open(
  person: Person,
  options: Partial<PresenceClientOptions> = {},
  around: (real: Surroundings) => Partial<Surroundings> = () => ({}),
): Opened {
  const sockets: Socket[] = []
  const sent: [string, unknown][] = []
  const real = readSurroundings()
  const client = assemblePresenceClient(
    { url: market.url, token: () => person.token, ...options },
    {
      ...real,
      io: ((url: string, opts: object) => {
        const socket = io(url, opts)
        socket.onAnyOutgoing((event: string, payload: unknown) => sent.push([event, payload]))
        sockets.push(socket)
        return socket
      }) as typeof io,
      ...around(real),
    },
  )
  clients.push(client)
  const lists = () => sent.filter(([event]) => event === 'watch').map(([, payload]) => (payload as WatchRequest).users)
  return { client, sockets, sent, lists }
}

async function live(...given: Parameters<typeof open>): Promise<Opened> {
  const opened = open(...given)
  opened.client.connect()
  await until(opened.client.connection, ({ state }) => state === 'live')
  return opened
}

async function arrive(person: Person): Promise<Client> {
  const client = await market.connect(person)
  people.push(client)
  return client
}

/** A stretch of network between client and server. */
interface Proxy {
  readonly url: string
  /** @param loud false: what is open just goes silent */
  cut(loud?: boolean): void
  mend(): void
  close(): void
}

async function openProxy(): Promise<Proxy> {
  const target = Number(new URL(market.url).port)
  const pairs = new Set<readonly [TcpSocket, TcpSocket]>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = dial(target, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    near.pipe(far).pipe(near)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        for (const other of pair) other.destroy()
        pairs.delete(pair)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const drop = () => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
  }
  const proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut(loud = true) {
      isCut = true
      if (loud) drop()
    },
    mend: () => {
      isCut = false
    },
    close() {
      drop()
      server.close()
    },
  }
  proxies.push(proxy)
  return proxy
}
