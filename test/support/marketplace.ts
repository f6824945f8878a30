import { io, type Socket } from 'socket.io-client'
import { readSettings } from '../../src/settings.ts'
import { startServer, type RunningServer } from '../../src/server.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createTestDatabase, type TestDatabase } from './postgres.ts'

/** An event as a client heard it. */
export type Heard = readonly [event: string, payload: Record<string, unknown>]

/** A plain `socket.io-client`, and all it heard. */
export interface Client {
  readonly socket: Socket
  readonly heard: Heard[]
  /** Emits with an acknowledgement and answers it. */
  ask(event: string, payload?: unknown): Promise<Record<string, unknown>>
  /** Waits until an event has been heard that fits, counting those heard since the last `forget()`. */
  hears(event: string, fits?: Record<string, unknown>): Promise<Record<string, unknown>>
  forget(): void
  /** Cuts the connection as a dying network does: no goodbye. */
  cut(): void
  leave(): void
}

export interface Person {
  readonly id: string
  readonly token: string
  readonly name: string
}

/** The reference marketplace with a database of its own and a clock that can be moved. */
export interface Marketplace {
  readonly url: string
  readonly server: RunningServer
  readonly database: TestDatabase
  /** Moves the store's clock; deadlines that pass are handled as always. */
  advance(ms: number): void
  person(role: 'client' | 'provider' | 'staff', index?: number): Promise<Person>
  /** @param isGreeted false for somebody for whom presence is switched off: the server says nothing then */
  connect(person: Person, auth?: Record<string, unknown>, isGreeted?: boolean): Promise<Client>
  http(path: string, init?: RequestInit & { as?: Person; json?: unknown }): Promise<Answer>
  /** Waits until the server holds this many connections: until then a loss has not been noticed. */
  untilConnections(count: number): Promise<void>
  /** Cuts every connection from the server's side, as a failing network does. */
  dropConnections(): void
  stop(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // Tests look into answers by name; a wrong name is a failing expectation.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
}

/** What several nodes have in common. */
export interface SharedWorld {
  readonly database: TestDatabase
  /** Epoch milliseconds. */
  readonly clock: () => number
  /** Who deals with whom. */
  readonly relation?: (viewerId: string, targetId: string) => boolean | Promise<boolean>
}

/** @param shared a database and a clock that outlive this one; without them it brings its own */
export async function startMarketplace(env: Record<string, string> = {}, shared?: SharedWorld): Promise<Marketplace> {
  const database = shared?.database ?? (await createTestDatabase({ marketplace: true }))
  const basics = { DATABASE_URL: database.url, PORT: '0', HOST: '127.0.0.1', JWT_SECRET: 'secret of this test' }
  const settings = readSettings({ ...basics, DEMO: 'on', DEMO_LIFE: 'off', LOG_LEVEL: 'error', ...env })
  let offset = 0
  const clock = shared?.clock ?? (() => Date.now() + offset)
  const server = await startServer({ ...settings, databaseUrl: database.url }, createLogger(settings.logLevel), {
    clock,
    ...(shared?.relation && { relation: shared.relation }),
  })
  const clients: Client[] = []

  const http: Marketplace['http'] = async (path, { as, json, ...init } = {}) => {
    const headers = new Headers(init.headers)
    if (as) headers.set('authorization', `Bearer ${as.token}`)
    if (json !== undefined) headers.set('content-type', 'application/json')
    const body = json === undefined ? init.body : JSON.stringify(json)
    const response = await fetch(server.url + path, { ...init, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }

  return {
    url: server.url,
    server,
    database,
    http,
    advance: (ms) => {
      offset += ms
    },
    person: async (role, index = 0) => {
      const { body } = await http(`/api/demo/users?role=${role}&limit=100`)
      const { id, name } = body.users[index]
      const login = await http('/api/demo/login', { method: 'POST', json: { user_id: id } })
      return { id, name, token: login.body.token }
    },
    connect: async (person, auth = {}, isGreeted = true) => {
      const client = await connectClient(server.url, person.token, auth, isGreeted)
      clients.push(client)
      return client
    },
    untilConnections: async (count) => {
      await eventually(
        async () => server.io.of('/').sockets.size,
        (size) => size === count,
      )
    },
    dropConnections: () => {
      for (const socket of server.io.of('/').sockets.values()) socket.conn.close()
    },
    stop: async () => {
      for (const client of clients) client.leave()
      await server.stop()
      if (!shared) await database.drop()
    },
  }
}

async function connectClient(
  url: string,
  token: string,
  auth: Record<string, unknown>,
  isGreeted: boolean,
): Promise<Client> {
  const socket = io(url, { auth: { token, ...auth }, transports: ['websocket'], forceNew: true, reconnection: false })
  const heard: Heard[] = []
  const waiting = new Set<() => void>()
  let from = 0
  socket.onAny((event: string, payload: Record<string, unknown>) => {
    heard.push([event, payload])
    for (const look of waiting) look()
  })

  const hears: Client['hears'] = (event, fits = {}) =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = heard.slice(from).find(([name, payload]) => name === event && matches(payload, fits))
        if (!found) return
        waiting.delete(look)
        resolve(found[1])
      }
      waiting.add(look)
      look()
    })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  const ask: Client['ask'] = (event, payload) =>
    socket.timeout(5_000).emitWithAck(event, payload) as Promise<Record<string, unknown>>
  // The first word of the server: from here on the session is live. An answer comes once it is known that there is none.
  if (isGreeted) await hears('selfPresence')
  else await ask('unwatch', {})
  return {
    socket,
    heard,
    ask,
    hears,
    forget: () => {
      from = heard.length
    },
    cut: () => (socket.io.engine.transport as unknown as { ws: { terminate(): void } }).ws.terminate(),
    leave: () => void socket.disconnect(),
  }
}

const matches = (payload: Record<string, unknown>, fits: Record<string, unknown>): boolean =>
  Object.entries(fits).every(([name, value]) => payload[name] === value)

/** Reads until it fits: for what is written behind. The test's own time limit ends it. */
export async function eventually<Value>(read: () => Promise<Value>, fits: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await read()
    if (fits(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
