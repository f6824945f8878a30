import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../demo/server/embedded-postgres.ts'
import type { LoadVerbs } from './load/verbs.ts'
import { addPeople, forgetPresence } from './people.ts'
import { endAllProcesses, type Process, startProcess } from './processes/start-process.ts'
import type { ServerVerbs } from './servers/verbs.ts'

export type ServerKind = 'porchlight' | 'raw-ws' | 'bare-socket-io'

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
  /** Starts a server, gives it and a new load generator to `work`, and ends both. */
  withServer<Result>(
    kind: ServerKind,
    work: (server: BenchServer, load: Process<LoadVerbs>) => Promise<Result>,
    options?: Readonly<Record<string, string>>,
  ): Promise<Result>
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

  async function startServer(kind: ServerKind, options: Readonly<Record<string, string>>): Promise<BenchServer> {
    const server = await startProcess<ServerVerbs>(new URL(`./servers/${kind}.ts`, import.meta.url))
    const port = await server.call('start', { databaseUrl: postgres.url, secret, options })
    return { ...server, port, wire: kind === 'raw-ws' ? 'raw' : 'socket.io' }
  }

  const generators: Process<LoadVerbs>[] = []
  async function startLoad(): Promise<Process<LoadVerbs>> {
    const load = await startProcess<LoadVerbs>(new URL('./load/load.ts', import.meta.url))
    generators.push(load)
    return load
  }

  return {
    ...settings,
    secret,
    startLoad,
    databaseUrl: postgres.url,
    async withServer(kind, work, options = {}) {
      if (kind === 'porchlight') await forgetPresence(postgres.url)
      const server = await startServer(kind, options)
      try {
        return await work(server, await startLoad())
      } finally {
        await Promise.all(generators.splice(0).map((load) => load.end()))
        // Its lock in PostgreSQL is free again only after an orderly end.
        await server.call('stop')
        await server.end()
      }
    },
    async close() {
      endAllProcesses()
      await postgres.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}
