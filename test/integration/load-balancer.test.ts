import { randomUUID } from 'node:crypto'
import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { seedProvider } from '../../demo/server/seed-people.ts'
import { eventually } from '../support/marketplace.ts'
import { startNginx, type TestNginx } from '../support/nginx.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Running, runCli } from '../support/process.ts'

interface Node {
  readonly url: string
  readonly process: Running
}

/** A plain client that comes back by itself. */
interface PlainClient {
  readonly id: string
  readonly socket: Socket
  readonly heard: (readonly [event: string, userId: string | undefined])[]
}

describe('nginx in front of three nodes', () => {
  let database: TestDatabase
  let nodes: Node[] = []
  let sticky: TestNginx
  let websocketOnly: TestNginx
  let nextPerson = 0
  const sockets: Socket[] = []

  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: inject('redisUrl'),
      PRESENCE_REDIS_PREFIX: `test-${randomUUID()}`,
      PRESENCE_STORE_TIMEOUT_MS: '2000',
      PRESENCE_GRACE_MS: '5000',
      PORT: '0',
      HOST: '127.0.0.1',
      JWT_SECRET: 'secret',
      DEMO: 'on',
      DEMO_LIFE: 'off',
      LOG_LEVEL: 'error',
    }
    const processes = [1, 2, 3].map(() => runCli(['serve'], env))
    nodes = await Promise.all(
      processes.map(async (process) => ({ process, url: await process.prints(/ready at (http:\S+)/) })),
    )
    const urls = nodes.map(({ url }) => url)
    sticky = await startNginx('sticky', urls)
    websocketOnly = await startNginx('websocket-only', urls)
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect()
  })
  afterAll(async () => {
    for (const { process } of nodes) process.kill('SIGKILL')
    await Promise.all([...nodes.map(({ process }) => process.ended), sticky?.stop(), websocketOnly?.stop()])
    await database?.drop()
  })

  async function connect(nginx: TestNginx, transport: string, address = '10.0.0.1'): Promise<PlainClient> {
    const { id } = seedProvider(nextPerson++)
    const login = await fetch(`${nginx.url}/api/demo/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: id }),
    })
    const { token } = (await login.json()) as { token: string }
    const extraHeaders = { 'x-forwarded-for': address }
    const patience = { reconnectionDelay: 50, reconnectionDelayMax: 300 }
    const socket = io(nginx.url, {
      auth: { token },
      transports: [transport],
      extraHeaders,
      forceNew: true,
      ...patience,
    })
    sockets.push(socket)
    const heard: [string, string | undefined][] = []
    socket.onAny((event: string, payload?: { userId?: string }) => heard.push([event, payload?.userId]))
    await hears(heard, 'selfPresence')
    return { id, socket, heard }
  }

  const hears = (heard: PlainClient['heard'], event: string, userId?: string) =>
    eventually(
      async () => heard.some(([name, who]) => name === event && (userId === undefined || who === userId)),
      Boolean,
    )

  const watch = (watcher: PlainClient, ...watched: PlainClient[]) =>
    watcher.socket.emitWithAck('watch', { users: watched.map(({ id }) => id) })

  const sessionsOf = async ({ url }: Node): Promise<number> =>
    Number(/^porchlight_sessions (\d+)/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1])

  /** Connects, and says which node got the connection. */
  async function place(connecting: () => Promise<PlainClient>): Promise<{ client: PlainClient; node: Node }> {
    const living = nodes.filter(({ process }) => process.process.exitCode === null && !process.process.killed)
    const before = await Promise.all(living.map(sessionsOf))
    const client = await connecting()
    const after = await Promise.all(living.map(sessionsOf))
    const node = living[after.findIndex((count, i) => count > (before[i] ?? 0))]
    if (!node) throw new Error('no node has it')
    return { client, node }
  }

  const untilNobody = () =>
    eventually(
      () => Promise.all(nodes.map(sessionsOf)),
      (counts) => counts.every((count) => count === 0),
    )

  test('a polling connection stays with its node, and hears what happens on others', async () => {
    const addresses = Array.from({ length: 12 }, (_, i) => `10.0.${i}.7`)
    const clients = await Promise.all(addresses.map((address) => connect(sticky, 'polling', address)))
    const [watcher, ...others] = clients
    if (!watcher) throw new Error('nobody')
    await watch(watcher, ...others)
    for (const { socket } of others) {
      expect(await socket.emitWithAck('setStatus', { status: 'dnd' })).toMatchObject({ ok: true })
    }
    for (const { id } of others) await hears(watcher.heard, 'presenceUpdate', id)

    const nodeHosts = nodes.map(({ url }) => new URL(url).host)
    const polls = sticky.served().filter(({ sid }) => sid !== '')
    expect(polls.filter(({ status }) => status !== 200)).toEqual([])
    const ways = clients.map(({ socket }) => {
      const sid = socket.io.engine.id
      return new Set(polls.filter((poll) => poll.sid === sid).map(({ upstream }) => upstream))
    })
    expect(ways.map(({ size }) => size)).toEqual(clients.map(() => 1))
    const used = new Set(ways.flatMap((way) => [...way]))
    expect(used.size).toBeGreaterThan(1)
    expect(nodeHosts).toEqual(expect.arrayContaining([...used]))
    expect(clients.map(({ socket }) => socket.io.engine.transport.name)).toEqual(clients.map(() => 'polling'))
  })

  test('WebSockets are spread evenly, and a watcher on one node hears of a provider on another', async () => {
    await untilNobody()
    const watcher = await place(() => connect(websocketOnly, 'websocket'))
    const provider = await place(() => connect(websocketOnly, 'websocket'))
    await connect(websocketOnly, 'websocket')
    expect(await Promise.all(nodes.map(sessionsOf))).toEqual([1, 1, 1])
    expect(provider.node).not.toBe(watcher.node)
    await watch(watcher.client, provider.client)
    provider.client.socket.disconnect()
    await hears(watcher.client.heard, 'userOffline', provider.client.id)
    provider.client.socket.connect()
    await hears(watcher.client.heard, 'userOnline', provider.client.id)
  })

  test('polling is refused with a sentence where only WebSockets are', async () => {
    const polling = await fetch(`${websocketOnly.url}/socket.io/?EIO=4&transport=polling`)
    expect(polling.status).toBe(400)
    expect(await polling.text()).toMatch(/WebSockets only/)
  })

  test('R5 R54 clients of a node that is killed, then of one that stops, come back on another, and nobody sees it', {
    timeout: 60_000,
  }, async () => {
    await untilNobody()
    const watcher = await place(() => connect(websocketOnly, 'websocket'))
    const moving = await place(() => connect(websocketOnly, 'websocket'))
    const staysAway = await place(() => connect(websocketOnly, 'websocket'))
    expect(new Set([watcher.node, moving.node, staysAway.node]).size).toBe(3)
    const polling = await pollingClientOn(staysAway.node)
    staysAway.client.socket.io.reconnection(false)
    await watch(watcher.client, moving.client, staysAway.client, polling)

    staysAway.node.process.kill('SIGKILL')
    // Whoever does not come back is the sign that the node is known to be dead.
    await hears(watcher.client.heard, 'userOffline', staysAway.client.id)
    await eventually(async () => polling.socket.connected, Boolean)

    const answers = new Set<number>()
    const asking = askUntil(moving.node.process.ended, async () => {
      answers.add((await fetch(`${websocketOnly.url}/api/providers?limit=1`)).status)
    })
    polling.heard.length = 0
    moving.client.heard.length = 0
    moving.node.process.kill('SIGTERM')
    expect(await moving.node.process.ended).toEqual({ code: 0, signal: null })
    await asking
    await hears(moving.client.heard, 'selfPresence')
    await eventually(async () => polling.socket.connected, Boolean)
    expect([...answers]).toEqual([200])

    for (const { socket, id } of [moving.client, polling]) {
      await socket.emitWithAck('setStatus', { status: 'away' })
      await hears(watcher.client.heard, 'presenceUpdate', id)
    }
    const offline = watcher.client.heard.filter(([event]) => event === 'userOffline')
    expect(offline).toEqual([['userOffline', staysAway.client.id]])
  })

  /** Tries addresses until one of them leads there. */
  async function pollingClientOn(wanted: Node): Promise<PlainClient> {
    for (let i = 0; ; i++) {
      const { client, node } = await place(() => connect(sticky, 'polling', `10.1.0.${i}`))
      if (node === wanted) return client
      const count = await sessionsOf(node)
      client.socket.disconnect()
      await eventually(
        () => sessionsOf(node),
        (left) => left < count,
      )
    }
  }
})

async function askUntil(over: Promise<unknown>, ask: () => Promise<void>): Promise<void> {
  const state = { isOver: false }
  void over.then(() => (state.isOver = true))
  while (!state.isOver) await ask()
}
