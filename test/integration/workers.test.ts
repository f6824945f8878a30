import { randomUUID } from 'node:crypto'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, inject, onTestFailed, test } from 'vitest'
import { seedProvider } from '../../demo/server/seed-people.ts'
import { createTokens } from '../../src/gateway/token.ts'
import { eventually } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Running, runCli } from '../support/process.ts'

const tokens = createTokens({ secret: 'secret' })

interface PlainClient {
  readonly id: string
  readonly socket: Socket
  readonly heard: (readonly [event: string, payload: { readonly userId?: string; readonly status?: string }])[]
  /** How often its connection was lost. */
  readonly losses: () => number
}

// Two processes that each compile what they run, one after the other: long on a busy machine.
describe('several workers behind one port', { timeout: 90_000 }, () => {
  let database: TestDatabase
  let primary: Running
  let sockets: Socket[]

  beforeEach(async () => {
    database = await createTestDatabase({ marketplace: true })
    sockets = []
  })
  afterEach(async () => {
    for (const socket of sockets) socket.disconnect()
    for (const pid of pidsThat('starts')) end(pid)
    primary.kill('SIGKILL')
    await primary.ended
    await database.drop()
  })

  function serve(args: readonly string[], env: Record<string, string> = {}): Running {
    primary = runCli(['serve', ...args], {
      DATABASE_URL: database.url,
      REDIS_URL: inject('redisUrl'),
      PRESENCE_REDIS_PREFIX: `test-${randomUUID()}`,
      // Nothing here is about slow answers, which a busy machine gives.
      PRESENCE_NODE_LEASE_MS: '15000',
      PRESENCE_STORE_TIMEOUT_MS: '5000',
      PORT: '0',
      HOST: '127.0.0.1',
      JWT_SECRET: 'secret',
      DEMO: 'on',
      DEMO_LIFE: 'off',
      LOG_LEVEL: 'info',
      ...env,
    })
    return primary
  }

  /** Workers, as the primary told of them, the oldest first. */
  const pidsThat = (what: 'starts' | 'takes connections'): number[] =>
    primary
      .output()
      .split('\n')
      .filter((line) => line.includes(`"a worker ${what}"`))
      .map((line) => (JSON.parse(line) as { pid: number }).pid)

  async function connect(url: string, index: number, transport = 'websocket'): Promise<PlainClient> {
    const { id } = seedProvider(index)
    const token = await tokens.sign?.(id)
    const patience = { reconnectionDelay: 50, reconnectionDelayMax: 300, timeout: 3_000 }
    const socket = io(url, { auth: { token }, transports: [transport], forceNew: true, ...patience })
    sockets.push(socket)
    const heard: [string, { userId?: string; status?: string }][] = []
    let losses = 0
    socket.on('disconnect', () => losses++)
    socket.onAny((event: string, payload: { userId?: string; status?: string }) => heard.push([event, payload]))
    await eventually(async () => heard.length > 0, Boolean)
    return { id, socket, heard, losses: () => losses }
  }

  /** Each says something, and everybody hears it of everybody. */
  async function allHearAll(clients: readonly PlainClient[], status: string): Promise<void> {
    for (const { socket } of clients) await socket.emitWithAck('watch', { users: clients.map(({ id }) => id) })
    for (const { socket } of clients) {
      expect(await socket.emitWithAck('setStatus', { status })).toMatchObject({ ok: true })
    }
    const hasHeardAll = ({ heard }: PlainClient): boolean =>
      clients.every(({ id }) => heard.some(([, { userId, status: told }]) => userId === id && told === status))
    await eventually(async () => clients.every(hasHeardAll), Boolean)
  }

  /** An answer to what was asked after a kill comes from somebody who lives: from then on all connections stand. */
  const untilAllAnswer = async (clients: readonly PlainClient[]): Promise<void> => {
    const asks = ({ socket }: PlainClient) => socket.timeout(2_000).emitWithAck('watch', { users: [] })
    for (const client of clients) await eventually(() => asks(client).catch(() => null), Boolean)
  }

  test('R54 share the clients, replace a worker that dies, and end together', async () => {
    const url = await serve(['--workers', '2']).prints(/ready at (http:\S+)/)
    const polling = await Promise.all([0, 1, 2, 3].map((index) => connect(url, index, 'polling')))
    const direct = await Promise.all([4, 5, 6, 7].map((index) => connect(url, index)))
    const clients = [...polling, ...direct]
    onTestFailed(() => {
      const states = clients.map(({ socket, losses, heard }) => [socket.connected, losses(), heard.slice(-8)])
      process.stderr.write(`${JSON.stringify(states)}\n${primary.output()}\n`)
    })
    await allHearAll(clients, 'dnd')
    expect(clients.map(({ losses }) => losses())).toEqual(clients.map(() => 0))

    const [first = 0, second = 0] = pidsThat('takes connections')
    process.kill(first, 'SIGKILL')
    await eventually(async () => pidsThat('starts').length === 3, Boolean)
    const third = pidsThat('starts')[2] ?? 0
    // While it starts, and it may take as long as it likes, nobody is sent to it.
    process.kill(third, 'SIGSTOP')
    await untilAllAnswer(clients)
    const lost = clients.filter(({ losses }) => losses() > 0)
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.length).toBeLessThan(clients.length)
    for (let i = 0; i < 8; i++) expect((await fetch(`${url}/healthz`)).status).toBe(200)
    await allHearAll(clients, 'away')
    process.kill(third, 'SIGCONT')
    // It, or yet another one, if it was stopped for longer than it may wait for an answer.
    await eventually(async () => pidsThat('takes connections').length === 3, Boolean)

    process.kill(second, 'SIGKILL')
    await eventually(async () => clients.every(({ losses }) => losses() > 0), Boolean)
    await untilAllAnswer(clients)
    await allHearAll(clients, 'dnd')

    primary.kill('SIGTERM')
    expect(await primary.ended).toEqual({ code: 0, signal: null })
    expect(pidsThat('starts').filter(lives)).toEqual([])
    expect(primary.output()).not.toMatch(/not finished in time/)
  })

  test('a primary that is killed leaves no worker behind', async () => {
    await serve(['--workers', '2']).prints(/ready at/)
    const workers = pidsThat('starts')
    expect(workers.filter(lives)).toHaveLength(2)
    primary.kill('SIGKILL')
    await eventually(async () => workers.filter(lives).length === 0, Boolean)
  })

  test('R52 what one worker cannot, none tries: the primary ends with what it said', async () => {
    serve(['--workers', '2'], { DATABASE_URL: 'postgres://x@127.0.0.1:1/y' })
    expect(await primary.ended).toMatchObject({ code: 1 })
    expect(primary.output()).toMatch(/127.0.0.1:1\/y cannot be reached/)
    expect(pidsThat('starts')).toHaveLength(1)
    expect(primary.output()).not.toMatch(/takes its place/)
  })

  test('R8 R52 several without a Redis are refused with a sentence', async () => {
    serve(['--workers', '2'], { REDIS_URL: '' })
    expect(await primary.ended).toMatchObject({ code: 1 })
    expect(primary.output()).toMatch(/--workers: several processes need REDIS_URL/)
  })
})

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function end(pid: number): void {
  if (lives(pid)) process.kill(pid, 'SIGKILL')
}
