import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import { Server, type Socket } from 'socket.io'
import { composePresence, type PresenceSystem } from '../../src/compose-presence.ts'
import { PresenceError } from '../../src/domain/errors.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import type { FilteredRequest } from '../../src/gateway/http/presence-filter.ts'
import { resolveOptions } from '../../src/options.ts'
import type { ServiceDeps } from '../../src/service/deps.ts'
import { AT_ONCE } from '../../src/service/live-search/pace.ts'
import { project } from '../../src/service/project.ts'
import { settleDue } from '../../src/service/settle-due.ts'
import type { DurableStore, HotStore } from '../../src/store/contract.ts'
import { createMemoryCounters } from '../../src/store/memory/memory-counters.ts'
import { createMemoryReports } from '../../src/store/memory/memory-reports.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createTraces } from '../../src/telemetry/traces.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { untilQuiet } from '../../src/testing/round-trip.ts'
import type { Machine } from './machine.ts'
import { PROVIDERS, SECRET } from './people.ts'
import type { Outage } from './script.ts'

/** What a world keeps what it knows in. */
export interface Stores {
  readonly hot: HotStore
  readonly durable: DurableStore
  /** The host's own listing of its providers, in order of their ids. @param where what `presenceFilter()` made of a request */
  rows(where: object): Promise<object[]>
  condition: Parameters<typeof composePresence>[1]['condition']
  close(): Promise<void>
}

/** Puts something between a presence system and its stores: how a leak is planted. */
export type Plant = (stores: Stores, world: { repeat(userId: string): void }) => Stores

export interface WorldOptions {
  readonly machine: Machine
  readonly audience: 'watchers' | 'everyone'
  /** For how long changes for a busy connection are gathered, in milliseconds of the machine. */
  readonly mergeMs: number
  readonly plant?: Plant | undefined
  open(clock: () => number): Promise<Stores>
}

export interface Door {
  readonly url: string
  readonly token: string | null
  /** Of requests, beside those that the script tells. */
  readonly headers?: Readonly<Record<string, string>>
}

/** One presence system with real sockets and real HTTP, on a clock of its own that stands still until it is moved. */
export interface World {
  /** Where somebody, or whoever searches, asks and connects, and as whom. */
  door(who: string | null): Door
  /** What the people of a script say, in the words of this world. */
  said(text: string): string
  /** Keys that caches in front were to be purged of, in order. */
  readonly purges: (readonly string[])[]
  /** Waits for something, and lets the machine's time move as far as it needs and no further. */
  during<Result>(work: Promise<Result>): Promise<Result>
  /** Waits until nothing is under way any more. */
  quiet(): Promise<void>
  /** Moves the store's clock; what falls due on the way happens at its own moment. */
  wait(ms: number): Promise<void>
  /** Moves the machine's time, and with it ticks and computations that wait for their turn. */
  tick(ms: number): Promise<void>
  /** The host says whether a viewer deals with the secret user. */
  relate(viewer: string, isContact: boolean): Promise<void>
  /** The host bans the secret user. */
  ban(): Promise<void>
  /** PostgreSQL does not answer any more, in whole or in part, or does again. */
  outage(of: Outage): Promise<void>
  /** Whether the server holds this connection. */
  holds(socketId: string): boolean
  stop(): Promise<void>
}

const HOUR_MS = 3_600_000
/** Longer than records are gathered for before they are read. */
const GATHERED_MS = 10

export async function startWorld({ machine, audience, mergeMs, plant, open }: WorldOptions): Promise<World> {
  const clock = fakeClock()
  const counts = { happened: 0, underWay: 0 }
  const purges: (readonly string[])[] = []
  const contacts = new Set<string>()
  let outage: Outage = 'nothing'
  const opened = await open(clock.now)
  const stores = plant ? plant(opened, { repeat: (userId) => void system.broadcastPresence(userId) }) : opened
  const durable = counted(stores.durable, counts, () => outage)
  const { app, http, io } = host()
  const jobs = ownJobs(stores.hot)
  const system: PresenceSystem = composePresence(
    {
      io,
      app,
      audience,
      clock: clock.now,
      rateLimit: false,
      identify,
      relation: (viewerId, userId) => userId === SECRET && contacts.has(viewerId),
      onPurge: (keys) => void purges.push(keys),
      logger: createLogger('silent'),
    },
    {
      options: resolveOptions({ mergeMs }),
      codec: uuidIds,
      log: createLogger('silent'),
      traces: createTraces(),
      hot: stores.hot,
      shared: null,
      durable,
      counters: createMemoryCounters(),
      reports: createMemoryReports(),
      directoryIds: { city: isId, service: isId },
      condition: stores.condition,
      searchPace: AT_ONCE,
      claim: async () => ({ release: async () => {} }),
      startJobs: jobs.start,
    },
  )
  stores.hot.onChange(() => (counts.happened += 1))
  addHostRoutes(app, system, stores)
  await system.start()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')

  async function ioQuiet(): Promise<void> {
    do await untilQuiet(io, () => counts.happened)
    while (counts.underWay > 0)
    await turns(2)
  }
  async function quiet(): Promise<void> {
    for (let before = -1; before !== counts.happened; ) {
      before = counts.happened
      await ioQuiet()
      while (machine.isDueWithin(GATHERED_MS)) await machine.advance(GATHERED_MS, ioQuiet)
    }
  }
  const unfollow = clock.follow({
    nextDeadline: () => stores.hot.nextDeadline(),
    async settle() {
      await quiet()
      await jobs.settle()
      await quiet()
    },
  })

  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return {
    door: (who) => ({ url, token: who }),
    said: (text) => text,
    purges,
    quiet,
    wait: (ms) => clock.advance(ms),
    tick: (ms) => machine.advance(ms, quiet),
    holds: (socketId) => io.of('/').sockets.has(socketId),
    async during(work) {
      const state = { isDone: false }
      const finished = work.finally(() => (state.isDone = true))
      // A failure is the caller's to hear of, not the process's.
      finished.catch(() => {})
      while (!state.isDone) {
        await turns(8)
        const isWaiting = !state.isDone && counts.underWay === 0 && machine.isDueWithin(GATHERED_MS)
        if (isWaiting) await machine.advance(GATHERED_MS, () => turns(2))
      }
      return finished
    },
    relate(viewer, isContact) {
      contacts[isContact ? 'add' : 'delete'](viewer)
      return system.relationChanged(viewer, SECRET)
    },
    ban: async () => void (await system.service.ban(SECRET)),
    async outage(of) {
      outage = of
      // Whatever waited is written now, and not when somebody does something next.
      await jobs.settle()
    },
    async stop() {
      unfollow()
      outage = 'nothing'
      for (const socket of io.of('/').sockets.values()) socket.conn.close()
      await quiet()
      // Connections are closed one after the other, over time.
      const stopping = system.stop()
      const state = { isDone: false }
      void stopping.finally(() => (state.isDone = true))
      while (!state.isDone) await machine.advance(100, () => turns(2))
      await stopping
      http.closeAllConnections()
      await io.close()
      await stores.close()
    },
  }
}

const isId = (text: string): boolean => /^\d+$/.test(text)

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Deadlines and writing behind, when the harness says so; what was observed is written as soon as it was. */
function ownJobs(hot: HotStore) {
  let deps: ServiceDeps | null = null
  const write = async (): Promise<void> => {
    // What PostgreSQL does not take waits for the next time.
    if (deps) await project(deps).catch(() => {})
  }
  return {
    start(running: ServiceDeps) {
      deps = running
      const unfollow = hot.onChange(() => void write())
      return {
        stop: async () => {
          unfollow()
          deps = null
        },
      }
    },
    async settle() {
      if (deps) await settleDue(deps)
      await write()
    },
  }
}

/** Knows what is under way, and fails like PostgreSQL behind its guard while that is away. */
function counted(durable: DurableStore, counts: { happened: number; underWay: number }, outage: () => Outage) {
  const call = async (isAway: boolean, work: () => Promise<unknown>): Promise<unknown> => {
    counts.underWay += 1
    try {
      if (isAway) {
        throw new PresenceError('STORE_UNAVAILABLE', 'PostgreSQL does not answer at the moment.', { retryable: true })
      }
      return await work()
    } finally {
      counts.happened += 1
      counts.underWay -= 1
    }
  }
  return new Proxy(durable, {
    get: (verbs, name: keyof DurableStore) => {
      const verb = verbs[name] as (...args: unknown[]) => Promise<unknown>
      return (...args: unknown[]) =>
        call(outage() === 'everything' || (outage() === 'decisions' && name === 'saveDecision'), () => verb(...args))
    },
  })
}

function host(): { app: Express; http: HttpServer; io: Server } {
  const app = express()
  const http = createServer(app)
  const io = new Server(http, { pingInterval: HOUR_MS, pingTimeout: HOUR_MS, serveClient: false })
  return { app, http, io }
}

/** A user's id is their token. */
function identify(caller: Socket | Request | IncomingMessage): string | null {
  if ('handshake' in caller) return String(caller.handshake.auth['token'] ?? '') || null
  return /^Bearer (\S+)$/.exec(caller.headers.authorization ?? '')?.[1] ?? null
}

/** The host's own list of providers, with what presence adds to it; and something that is a sign of use. */
function addHostRoutes(app: Express, system: PresenceSystem, { rows }: Stores): void {
  app.get('/host/providers', system.presenceFilter(), async (request, response) => {
    const { presenceFilter } = request as FilteredRequest
    response.json(await system.withPresence(await rows(presenceFilter.where()), identify(request)))
  })
  const onError: ErrorRequestHandler = (error: { code?: string }, _request, response, _next) =>
    void response.status(503).json({ code: error.code })
  app.use('/host', onError)
  app.post('/host/work', (_request, response) => void response.status(204).end())
}

/** Providers as a host in memory lists them. */
export async function memoryRows(where: { id?: readonly string[] }): Promise<object[]> {
  return PROVIDERS.filter(({ id }) => where.id?.includes(id) ?? true).map(({ id, name }) => ({ id, name }))
}
