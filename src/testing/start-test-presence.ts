import { EventEmitter, once } from 'node:events'
import { randomUUID } from 'node:crypto'
import type { Express, Request } from 'express'
import type { Server, Socket } from 'socket.io'
import {
  callerIn,
  createMemoryPresence,
  defaultIdentifyRequest,
  defaultIdentifySocket,
  type HostApp,
  type MemoryProvider,
  type PresenceOptions,
  type PresenceSystem,
} from '../create-memory-presence.ts'
import { PresenceError } from '../domain/errors.ts'
import type { PresenceInfo } from '../domain/info.ts'
import { type UserIdCodec, uuidIds } from '../domain/user-id.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { createTestServer, type TestServer } from './listen.ts'
import { untilQuiet } from './round-trip.ts'
import { openClient, type OpenClient, type TestClient, type TestDevice } from './test-client.ts'

/** Everything may be left out. What a host passes to `createPresence` in production, it may pass here, too. */
export interface TestPresenceOptions extends Partial<Omit<HostApp, 'clock' | 'metrics'>> {
  /** Ids of the host's users. More can be added later. */
  users?: readonly string[]
  /** Whom `GET /api/providers` finds; they are users, too. Without it there is no such route. */
  providers?: readonly MemoryProvider[]
  /** As in production, but `mergeMs` is 0, so that nothing waits for a timer of the machine. */
  options?: Partial<PresenceOptions>
  /** @default a clock of its own */
  clock?: FakeClock
}

/** A whole presence system that listens on this machine, with nothing behind it but memory. */
export interface TestPresence {
  /** Where it listens: for `socket.io-client`, the browser SDK, or `fetch`. */
  readonly url: string
  readonly io: Server
  readonly app: Express
  /** What `createPresence` gives, without what only a database has. */
  readonly presence: PresenceSystem
  readonly clock: FakeClock
  /** Adds a user. @param id @default a new UUID. @returns their id */
  addUser(id?: string): string
  /** Connects a client of a user; resolves when their session is live. @throws {PresenceError} USER_NOT_FOUND */
  connect(userId: string, device?: TestDevice): Promise<TestClient>
  /** What `viewerId` may know; without one, what a stranger may. */
  presenceOf(userId: string, viewerId?: string): Promise<PresenceInfo>
  /** Lets go of everything that was opened here; a server that the host opened stays the host's. */
  stop(): Promise<void>
}

/**
 * Starts a presence system for a host's own tests: the real one, with sockets and routes, on a clock that stands still until
 * the test moves it. Nobody needs a token: unless the host's own middlewares say who somebody is, a user's id is their token.
 *
 * @throws {PresenceError} INVALID_OPTION, INVALID_ID
 */
export async function startTestPresence(given: TestPresenceOptions = {}): Promise<TestPresence> {
  const { users = [], providers, options, clock = fakeClock(), io, app, ...rest } = given
  const codec = given.userId ?? uuidIds
  const server = createTestServer({ ...(io && { io }), ...(app && { app }) })
  const strangers = createStrangers(given.identify ?? identifyByToken, codec)
  const memory = createMemoryPresence({
    rateLimit: false,
    ...rest,
    ...(providers && { providers }),
    io: server.io,
    app: server.app,
    identify: strangers.identify,
    clock: clock.now,
    options: { mergeMs: 0, ...options },
  })
  let changes = 0
  memory.onChange(() => (changes += 1))
  const quiet = (): Promise<void> => untilQuiet(server.io, () => changes)
  const addUser = (id: string = randomUUID()): string => {
    const userId = codec.parse(id)
    if (userId === null) throw new PresenceError('INVALID_ID', `${id} cannot be the id of a user: see \`userId\`.`)
    memory.addUser(userId)
    return userId
  }
  for (const user of users) addUser(user)
  await memory.start()
  const url = await server.listen()
  const unfollow = clock.follow({
    nextDeadline: memory.nextDeadline,
    async settle() {
      await quiet()
      await memory.settle()
      await quiet()
    },
  })
  const clients: OpenClient[] = []
  const around = { url, io: server.io, untilQuiet: quiet, untilStranger: strangers.until }
  return {
    url,
    io: server.io,
    app: server.app,
    presence: memory,
    clock,
    addUser,
    async connect(userId, device = {}) {
      if (!memory.hasUser(userId)) {
        throw new PresenceError('USER_NOT_FOUND', `${userId} is no user yet: name them in \`users\`, or call addUser.`)
      }
      const opened = await openClient(around, userId, { device_id: randomUUID(), ...device })
      clients.push(opened)
      return opened.client
    },
    presenceOf: (userId, viewerId) =>
      memory.service.getUserPresence(userId, viewerId === undefined ? {} : { viewerId }),
    async stop() {
      unfollow()
      await closeAll(clients.splice(0), server, quiet)
      await memory.stop()
    },
  }
}

async function closeAll(clients: readonly OpenClient[], server: TestServer, quiet: () => Promise<void>): Promise<void> {
  for (const client of clients) client.close()
  await quiet()
  await server.close()
}

type Identify = NonNullable<HostApp['identify']>
type Identity = ReturnType<typeof defaultIdentifySocket>

/** Where hosts usually put their user; else a user's id is their token. */
function identifyByToken(caller: Socket | Request): Identity {
  if ('handshake' in caller) {
    const token: unknown = caller.handshake.auth['token']
    return defaultIdentifySocket(caller) ?? (typeof token === 'string' ? token : null)
  }
  const [, token = null] = /^Bearer +(\S+) *$/i.exec(caller.headers.authorization ?? '') ?? []
  return defaultIdentifyRequest(caller) ?? token
}

/** Remembers which sockets turned out to be nobody's, so that their clients do not wait for a word for ever. */
function createStrangers(identify: Identify, codec: UserIdCodec) {
  const found = new EventEmitter()
  const strangers = new Set<string>()

  async function look(socketId: string, identity: Identity | Promise<Identity>): Promise<void> {
    // Whoever cannot be identified is turned away like somebody unknown.
    const known = await Promise.resolve(identity).catch(() => null)
    if (callerIn(known, codec) !== null) return
    strangers.add(socketId)
    found.emit(socketId)
  }

  return {
    identify: (caller: Socket | Request) => {
      if (!('handshake' in caller)) return identify(caller)
      const identity = identify(caller)
      void look(caller.id, identity)
      return identity
    },
    async until(socketId: string): Promise<void> {
      if (!strangers.has(socketId)) await once(found, socketId)
    },
  }
}
