import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../demo/server/embedded-postgres.ts'
import type { LoadVerbs } from './load/verbs.ts'
import { type Markets, openMarkets } from './markets.ts'
import { addPeople, forgetPresence } from './people.ts'
import { endAllProcesses, type Process, startProcess } from './processes/start-process.ts'
import type { StoreKind } from './bench.ts'
import type { BenchRedis } from './processes/redis.ts'
import { startRedis } from './processes/redis.ts'
import type { ServerVerbs } from './servers/verbs.ts'

export type ServerKind = 'porchlight' | 'raw-ws' | 'bare-socket-io' | 'tutorial'

/** A server that listens, in a process of its own. */
export interface BenchServer extends Process<ServerVerbs> {
  readonly port: number
  readonly wire: 'raw' | 'socket.io'
}

/** What benches work with. */
export interface World {
  /** Shorter and smaller: shows that all works; its numbers say little. */
  readonly quick: boolean
  /** As large as open files allow. */
  readonly full: boolean
  readonly secret: string
  readonly databaseUrl: string
  /** The same world, with ours on this store. */
  on(store: StoreKind): World
  /** Starts a server, gives it and a new load generator to `work`, and ends both. */
  withServer<Result>(
    kind: ServerKind,
    work: (server: BenchServer, load: Process<LoadVerbs>) => Promise<Result>,
    options?: Readonly<Record<string, string>>,
  ): Promise<Result>
  /** Starts this many of ours on one store, gives them and a new load generator to `work`, and ends them all. */
  withNodes<Result>(
    count: number,
    work: (nodes: readonly BenchServer[], load: Process<LoadVerbs>) => Promise<Result>,
  ): Promise<Result>
  /** Gives `work` this world on a marketplace with so many providers, for it alone. */
  onMarket<Result>(providers: number, work: (world: World) => Promise<Result>): Promise<Result>
  /** Another load generator, which ends with the server. */
  startLoad(): Promise<Process<LoadVerbs>>
  /** Says what is going on. */
  say(what: string): void
}

export interface RunningWorld extends World {
  close(): Promise<void>
}

export interface WorldSettings {
  readonly quick: boolean
  readonly full: boolean
  readonly say: (what: string) => void
}

/** Starts a PostgreSQL of its own in a temporary folder, with people in it. */
export async function openWorld(settings: WorldSettings): Promise<RunningWorld> {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-bench-'))
  // Whatever ends this process; PostgreSQL itself ends with it.
  process.once('exit', () => {
    endAllProcesses()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  })
  settings.say('starting PostgreSQL')
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: false })
  await addPeople(postgres.url)
  const secret = randomBytes(32).toString('hex')

  async function startServer(
    kind: ServerKind,
    databaseUrl: string,
    options: Readonly<Record<string, string>>,
  ): Promise<BenchServer> {
    const server = await startProcess<ServerVerbs>(new URL(`./servers/${kind}.ts`, import.meta.url))
    const port = await server.call('start', { databaseUrl, secret, options })
    return { ...server, port, wire: kind === 'raw-ws' ? 'raw' : 'socket.io' }
  }

  const generators: Process<LoadVerbs>[] = []
  async function startLoad(): Promise<Process<LoadVerbs>> {
    const load = await startProcess<LoadVerbs>(new URL('./load/load.ts', import.meta.url))
    generators.push(load)
    return load
  }

  let markets: Markets | null = null
  let redis: BenchRedis | null = null
  /** A store of its own for each server or group of them: nothing is left of those before. */
  async function storeOptions(store: StoreKind): Promise<Record<string, string>> {
    if (store === 'memory') return {}
    redis ??= await startRedis()
    return { REDIS_URL: redis.url, PRESENCE_REDIS_PREFIX: `bench-${randomBytes(6).toString('hex')}` }
  }

  async function endAll(servers: readonly BenchServer[]): Promise<void> {
    await Promise.all(generators.splice(0).map((load) => load.end()))
    for (const server of servers) {
      // Its lock in PostgreSQL is free again only after an orderly end.
      if (!server.hasEnded()) await server.call('stop')
      await server.end()
    }
  }

  const worldOn = (store: StoreKind, market?: string): World => ({
    ...settings,
    secret,
    startLoad,
    databaseUrl: market ?? postgres.url,
    on: (other) => worldOn(other, market),
    async onMarket(providers, work) {
      markets ??= await openMarkets(settings.say)
      return markets.withCopy(providers, (url) => work(worldOn(store, url)))
    },
    async withServer(kind, work, options = {}) {
      const isOurs = kind === 'porchlight'
      if (isOurs && market === undefined) await forgetPresence(postgres.url)
      const all = isOurs ? { ...(await storeOptions(store)), ...options } : options
      const server = await startServer(kind, market ?? postgres.url, all)
      try {
        return await work(server, await startLoad())
      } finally {
        await endAll([server])
      }
    },
    async withNodes(count, work) {
      await forgetPresence(postgres.url)
      const options = await storeOptions(store)
      const nodes: BenchServer[] = []
      try {
        for (let n = 0; n < count; n++) nodes.push(await startServer('porchlight', postgres.url, options))
        return await work(nodes, await startLoad())
      } finally {
        await endAll(nodes)
      }
    },
  })

  return {
    ...worldOn('memory'),
    async close() {
      endAllProcesses()
      await markets?.close()
      await redis?.end()
      await postgres.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}
