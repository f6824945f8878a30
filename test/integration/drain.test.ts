import { randomUUID } from 'node:crypto'
import { connect as dial } from 'node:net'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { createTokens } from '../../src/gateway/token.ts'
import { seedMember } from '../../demo/server/seed-people.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Running, runCli } from '../support/process.ts'

const READY = /ready at (http:\S+)/
const DRAIN_MS = 5_000
const tokens = createTokens({ secret: 'secret' })

let database: TestDatabase
let running: Running[]
let sockets: Socket[]
let ways: CuttableProxy[]

beforeEach(async () => {
  database = await createTestDatabase({ marketplace: true })
  running = []
  sockets = []
  ways = []
})
afterEach(async () => {
  for (const socket of sockets) socket.disconnect()
  for (const one of running) one.kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  await Promise.all(ways.map((way) => way.stop()))
  await database.drop()
})

function serve(env: Record<string, string> = {}): Running {
  const basics = { DATABASE_URL: database.url, PORT: '0', HOST: '127.0.0.1', JWT_SECRET: 'secret', LOG_LEVEL: 'warn' }
  const demo = { DEMO: 'on', DEMO_LIFE: 'off', PRESENCE_DRAIN_MS: String(DRAIN_MS) }
  const server = runCli(['serve'], { ...basics, ...demo, ...env })
  running.push(server)
  return server
}

const sharedStore = (): Record<string, string> => ({
  REDIS_URL: inject('redisUrl'),
  PRESENCE_REDIS_PREFIX: `test-${randomUUID()}`,
})

/** A plain client that comes back by itself, as `socket.io-client` does unless told otherwise. */
async function arrive(url: string, userId: string, auth: Record<string, unknown> = {}): Promise<Socket> {
  const token = await tokens.sign?.(userId)
  const socket = io(url, { auth: { token, ...auth }, transports: ['websocket'], forceNew: true })
  sockets.push(socket)
  await new Promise((resolve) => socket.once('selfPresence', resolve))
  return socket
}

interface Departure {
  readonly hint: unknown
  readonly reason: string
  /** Whether the client tries to come back without being told to. */
  readonly comesBack: boolean
  /** Milliseconds of `performance.now()`. */
  readonly at: number
}

function departure(socket: Socket): Promise<Departure> {
  let hint: unknown = null
  socket.once('drain', (told: unknown) => {
    hint = told
  })
  return new Promise((resolve) => {
    socket.once('disconnect', (reason) => {
      resolve({ hint, reason, comesBack: socket.active, at: performance.now() })
    })
  })
}

async function endOf(server: Running): Promise<{ code: number | null; signal: string | null; tookMs: number }> {
  const from = performance.now()
  return { ...(await server.ended), tookMs: performance.now() - from }
}

/** A way to another port that can hang, and the address that goes over it. */
async function wayTo(address: string): Promise<{ way: CuttableProxy; url: string }> {
  const url = new URL(address)
  const way = await startCuttableProxy(Number(url.port))
  ways.push(way)
  url.port = String(way.port)
  return { way, url: url.href }
}

describe.each([
  ['in the memory of one process', () => ({})],
  ['among other nodes', sharedStore],
] as const)('SIGTERM, %s', (_where, store) => {
  test('R54 200 connections are told to move and closed one after the other, and the process ends with 0', async () => {
    const server = serve(store())
    const url = await server.prints(READY)
    const people = Array.from({ length: 200 }, (_, i) => seedMember('client', i % 20).id)
    const clients = await Promise.all(people.map((id) => arrive(url, id)))
    const departures = clients.map(departure)
    const end = endOf(server)
    server.kill('SIGTERM')

    const left = await Promise.all(departures)
    const { tookMs, ...how } = await end
    expect(how).toEqual({ code: 0, signal: null })
    expect(tookMs).toBeLessThan(DRAIN_MS)
    for (const { hint, reason, comesBack } of left) {
      expect(hint).toEqual({ reconnect_in_ms: expect.any(Number) })
      expect([reason, comesBack]).toEqual(['transport close', true])
    }
    // Not all at the same moment: other nodes have to take them.
    const moments = left.map(({ at }) => at).toSorted((a, b) => a - b)
    expect((moments[180] ?? 0) - (moments[20] ?? 0)).toBeGreaterThan(500)
    expect(server.output()).not.toMatch(/error/i)
  })
})

describe('while a process stops', () => {
  test('R54 nobody is let in, a request under way is answered, and that it is the last one is said', async () => {
    const server = serve()
    const url = new URL(await server.prints(READY))
    const told = await arrive(url.href, seedMember('client', 0).id)
    const request = dial(Number(url.port), url.hostname)
    await new Promise((resolve) => request.once('connect', resolve))
    let answer = ''
    request.on('data', (bytes) => {
      answer += bytes.toString()
    })
    const answered = new Promise((resolve) => request.once('close', resolve))
    await new Promise((resolve) => request.write('GET /readyz HTTP/1.1\r\nHost: here\r\n', resolve))
    // The first half is surely read once a later request was answered.
    await fetch(`${url.href}healthz`)

    const draining = new Promise((resolve) => told.once('drain', resolve))
    const end = endOf(server)
    server.kill('SIGTERM')
    await draining
    await expect(fetch(`${url.href}healthz`)).rejects.toThrow()
    request.write('\r\n')
    await answered
    expect(answer).toMatch(/^HTTP\/1.1 503 /)
    expect(answer).toMatch(/^connection: close\r$/im)
    expect(answer).toContain('"draining":true')
    expect(await end).toMatchObject({ code: 0, signal: null })
  })

  test('R54 saying so twice changes nothing', async () => {
    const server = serve()
    const client = await arrive(await server.prints(READY), seedMember('client', 0).id)
    const draining = new Promise((resolve) => client.once('drain', resolve))
    const end = endOf(server)
    server.kill('SIGTERM')
    await draining
    server.kill('SIGTERM')
    expect(await end).toMatchObject({ code: 0, signal: null })
    expect(server.output()).toContain('Stopped.')
  })

  test('R54 a PostgreSQL that hangs does not hold it', async () => {
    const { way, url: databaseUrl } = await wayTo(database.url)
    const server = serve({ DATABASE_URL: databaseUrl, ...sharedStore() })
    const client = await arrive(await server.prints(READY), seedMember('client', 0).id)
    const leaves = departure(client)
    way.hang()
    const end = endOf(server)
    server.kill('SIGTERM')
    expect(await leaves).toMatchObject({ reason: 'transport close', comesBack: true })
    const { tookMs, ...how } = await end
    expect(how, server.output()).toEqual({ code: 0, signal: null })
    expect(tookMs).toBeLessThan(DRAIN_MS)
  })

  test('R54 a Redis that hangs does not hold it', async () => {
    const { way, url: redisUrl } = await wayTo(inject('redisUrl'))
    const server = serve({ ...sharedStore(), REDIS_URL: redisUrl })
    const client = await arrive(await server.prints(READY), seedMember('client', 0).id)
    const leaves = departure(client)
    way.hang()
    const end = endOf(server)
    server.kill('SIGTERM')
    expect(await leaves).toMatchObject({ reason: 'transport close', comesBack: true })
    const { tookMs, ...how } = await end
    expect(how, server.output()).toEqual({ code: 0, signal: null })
    expect(tookMs).toBeLessThan(DRAIN_MS)
  })

  test('R3 R54 whoever moves to another node within the grace makes no news', async () => {
    const store = sharedStore()
    const [first, second] = [serve(store), serve(store)]
    const [from, to] = [await first.prints(READY), await second.prints(READY)]
    const [ada, marker, viewer] = [0, 1, 2].map((i) => seedMember('client', i).id)
    const watcher = await arrive(to, viewer ?? '')
    const heard: [event: string, userId: string][] = []
    const markerCame = new Promise<void>((resolve) => {
      watcher.onAny((event: string, { userId }: { userId: string }) => {
        heard.push([event, userId])
        if (userId === marker) resolve()
      })
    })
    await watcher.emitWithAck('watch', { users: [ada, marker] })
    const phone = await arrive(from, ada ?? '', { device_id: 'phone' })
    first.kill('SIGTERM')
    await departure(phone)
    expect(await first.ended).toMatchObject({ code: 0 })
    await arrive(to, ada ?? '', { device_id: 'phone' })
    await arrive(to, marker ?? '')
    await markerCame
    const statuses = heard.filter(([event, userId]) => event !== 'presenceUpdate' && userId === ada)
    expect(statuses.map(([event]) => event)).toEqual(['userOnline'])
  })
})
