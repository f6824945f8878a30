import cluster, { type Worker } from 'node:cluster'
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter'
import { setupMaster, setupWorker } from '@socket.io/sticky'
import { PresenceError } from './domain/errors.ts'
import { type Door, listen } from './server.ts'
import type { GivenSettings, ServerSettings } from './settings.ts'
import type { Logger } from './telemetry/logger.ts'

/** Several processes of one host behind one port: each is a node, as if it ran elsewhere. */
export interface Workers {
  readonly url: string
  /** Lets all of them drain; ends those that do not within `drainMs` (R54). */
  stop(): Promise<void>
}

/** Where workers learn what address the primary listens on. */
const URL_VARIABLE = 'PORCHLIGHT_URL'
/** Parts of `drainMs`: within the first, workers stop by themselves; after the second, those left are ended. */
const DRAIN_SHARES = { own: 0.8, longest: 0.9 }
/** What workers tell the primary: that they can take connections, and that they will take no more. */
const READY = 'porchlight:ready'
const LEAVING = 'porchlight:leaving'
/** Far more than a host has use for. */
const MOST_WORKERS = 64
/** A worker that lived for longer than this did not die of how it starts. */
const SETTLED_MS = 30_000
const SHORTEST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 15_000

/** Whether this process is one of several, started by another. */
export const isWorker = cluster.isWorker

/**
 * How many processes `--workers` asks for.
 *
 * @throws {PresenceError} INVALID_OPTION when it is no number, or more than one have nothing to share
 */
export function readWorkers(text: string, { redis }: Pick<GivenSettings, 'redis'>): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > MOST_WORKERS) {
    throw new PresenceError('INVALID_OPTION', `--workers: is "${text}", needs a whole number from 1 to ${MOST_WORKERS}`)
  }
  if (count > 1 && redis === undefined) {
    const sentence = '--workers: several processes need REDIS_URL, where they share who is here.'
    throw new PresenceError('INVALID_OPTION', sentence)
  }
  return count
}

/**
 * Listens, and starts workers that do the rest. The first one migrates and seeds before the others begin; when it fails, all does.
 * Later ones are replaced when they die, sooner or later, as they lived for long or not.
 */
export async function startWorkers(settings: ServerSettings, count: number, log: Logger): Promise<Workers> {
  // What workers hand over to each other holds bytes, which JSON would lose.
  cluster.setupPrimary({ serialization: 'advanced' })
  const http = createServer()
  setupMaster(http, { loadBalancingMethod: 'least-connection' })
  setupPrimary()
  const url = await listen(http, settings)
  const crew = createCrew({ ...environmentOf(settings), [URL_VARIABLE]: url }, log)
  const stop = async (): Promise<void> => {
    http.close()
    await crew.stop(settings.options.drainMs * DRAIN_SHARES.longest)
    http.closeAllConnections()
  }
  try {
    await crew.add()
    await Promise.all(Array.from({ length: count - 1 }, () => crew.add()))
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}

/** What the primary decided for all: which database, and what makes tokens. The rest workers read as it did. */
function environmentOf({ databaseUrl, secret, demo, demoLife, options }: ServerSettings): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    DEMO: demo ? 'on' : 'off',
    DEMO_LIFE: demoLife ? 'on' : 'off',
    PRESENCE_DRAIN_MS: String(Math.max(100, Math.floor(options.drainMs * DRAIN_SHARES.own))),
    ...(secret !== undefined && { JWT_SECRET: secret }),
  }
}

interface Crew {
  /** Resolves when the new worker takes connections. @throws Error when it ends before */
  add(): Promise<void>
  /** Resolves when none is left. */
  stop(withinMs: number): Promise<void>
}

function createCrew(env: Record<string, string>, log: Logger): Crew {
  const living = new Map<Worker, Promise<void>>()
  const pauses = new Set<NodeJS.Timeout>()
  let isStopping = false

  /** @param pauseMs how long this one was waited for, when it takes the place of another */
  function start(pauseMs?: number): Promise<void> {
    const startedAt = performance.now()
    const worker = cluster.fork(env)
    withhold(worker)
    log.info({ pid: worker.process.pid }, 'a worker starts')
    let isWanted = pauseMs !== undefined
    const followTo = async (end: Promise<void>): Promise<void> => {
      await end
      living.delete(worker)
      if (isWanted && !isStopping) replace(worker, pauseAfter(performance.now() - startedAt, pauseMs ?? 0))
    }
    living.set(worker, followTo(ended(worker)))
    return new Promise((resolve, reject) => {
      worker.on('message', (message: unknown) => {
        if (message === LEAVING) withhold(worker)
        if (message !== READY) return
        isWanted = true
        admit(worker)
        log.info({ pid: worker.process.pid }, 'a worker takes connections')
        resolve()
      })
      worker.once('exit', () => reject(new Error('A worker ended before it was ready.')))
    })
  }

  function replace({ process: { pid, exitCode, signalCode } }: Worker, pauseMs: number): void {
    log.error({ pid, exitCode, signalCode, pauseMs }, 'a worker died: another one takes its place')
    const pause = setTimeout(() => {
      pauses.delete(pause)
      // When it dies again, it is replaced again.
      start(pauseMs).catch(() => {})
    }, pauseMs)
    pauses.add(pause)
  }

  return {
    add: () => start(),
    async stop(withinMs) {
      isStopping = true
      for (const pause of pauses) clearTimeout(pause)
      for (const worker of living.keys()) {
        withhold(worker)
        worker.process.kill('SIGTERM')
      }
      const late = setTimeout(() => {
        for (const worker of living.keys()) worker.process.kill('SIGKILL')
      }, withinMs)
      await Promise.all(living.values())
      clearTimeout(late)
    },
  }
}

const ended = (worker: Worker): Promise<void> => new Promise((resolve) => worker.once('exit', () => resolve()))

/**
 * Milliseconds until the next worker: few after a long life, else twice what they were.
 *
 * @param livedMs how long the one that died did
 * @param pauseMs how long that one had been waited for
 */
export function pauseAfter(livedMs: number, pauseMs: number): number {
  if (livedMs >= SETTLED_MS) return SHORTEST_PAUSE_MS
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, 2 * pauseMs))
}

/**
 * Keeps new connections away from a worker that starts or stops. The balancer gives them to whom it finds by listing
 * `cluster.workers`, while what belongs to a known connection goes by id.
 */
const withhold = (worker: Worker): void => list(worker, false)
const admit = (worker: Worker): void => list(worker, true)

function list(worker: Worker, enumerable: boolean): void {
  const { workers = {} } = cluster
  if (worker.id in workers) Object.defineProperty(workers, worker.id, { enumerable })
}

/** How a worker gets connections: the primary hands them over. */
export const workerDoor: Door = async (http, io) => {
  io.adapter(createAdapter())
  setupWorker(io)
  process.send?.(READY)
  return { url: process.env[URL_VARIABLE] ?? '', closable: closableOf(http, () => process.send?.(LEAVING)) }
}

/** Lets a worker that could not start end: the line to the primary would keep it alive. */
export function leaveCrew(): void {
  cluster.worker?.disconnect()
}

/**
 * A server that never listened is closed at once for Node, whatever requests it has: so they are counted here.
 *
 * @param onClosing called when no more are to come
 */
export function closableOf(http: HttpServer, onClosing: () => void): Awaited<ReturnType<Door>>['closable'] {
  const underWay = new Set<ServerResponse>()
  let onClosed: (() => void) | undefined
  const look = (): void => {
    if (underWay.size === 0) onClosed?.()
  }
  http.prependListener('request', (_request, response: ServerResponse) => {
    underWay.add(response)
    response.once('close', () => {
      underWay.delete(response)
      look()
    })
  })
  return {
    close(done) {
      onClosing()
      onClosed = done
      look()
    },
    closeIdleConnections: () => http.closeIdleConnections(),
    closeAllConnections: () => http.closeAllConnections(),
  }
}
