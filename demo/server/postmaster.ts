import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './postgres-binaries.ts'
import { commandLineOf, isAlive } from './process-identity.ts'

/** A running PostgreSQL of one data directory. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
}

export interface PostmasterOptions {
  readonly native: string
  readonly account: Account
  readonly dataDir: string
  readonly logFile: string
  readonly settings: Readonly<Record<string, string | number>>
  /** A fixed port; otherwise any free one. */
  readonly port?: number
}

const POLL_MS = 10
/** A cluster that was killed replays its log first, which may take a while. */
const READY_WITHIN_MS = 60_000
const FAST_SHUTDOWN_MS = 10_000
const IMMEDIATE_SHUTDOWN_MS = 8_000
const PORT_TRIES = 8

/**
 * How the data directory is named to PostgreSQL, which runs in it. As another user it may not be able to walk there
 * (a project below /root), but the folder it stands in it can always enter.
 */
export const ownNameOf = (dataDir: string, account: Account): string =>
  account.uid !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : dataDir

/** Starts PostgreSQL in its own process group, so that Ctrl-C in a terminal reaches Node alone. */
export async function spawnPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort())
    const pid = launch(options, port)
    const outcome = await untilReady(options.dataDir, pid)
    if (outcome === 'ready') return { pid, port }

    const words = lastLines(options.logFile)
    const collided = /could not bind|address already in use/i.test(words)
    if (outcome === 'late') await stopPostmaster({ pid })
    if (collided && options.port === undefined && tries < PORT_TRIES) continue
    throw new Error(`The embedded PostgreSQL did not start. The end of ${options.logFile}:\n${words}`)
  }
}

function launch({ native, account, dataDir, logFile, settings }: PostmasterOptions, port: number): number {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    cluster_name: markOf(dataDir),
    ...settings,
    port,
  }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(logFile, 'w', 0o600)
  try {
    const child = spawn(join(native, 'bin', 'postgres'), ['-D', ownNameOf(dataDir, account), ...args], {
      ...account,
      cwd: dataDir,
      detached: true,
      stdio: ['ignore', log, log],
    })
    // Whatever goes wrong is told by the process's absence and by its log.
    child.on('error', () => undefined)
    child.unref()
    return child.pid ?? -1
  } finally {
    closeSync(log)
  }
}

/**
 * The PostgreSQL that an earlier run left behind in this data directory and that accepts connections, or null.
 * Waits while it is still starting or stopping. Removes a `postmaster.pid` that speaks of a stranger: PostgreSQL
 * would take any living process of that number for its own kind.
 */
export async function findPostmaster(dataDir: string): Promise<Postmaster | null> {
  const found = readPidFile(dataDir)
  if (found === null || !isAlive(found.pid)) return null
  const words = commandLineOf(found.pid)
  if (!words.includes(`cluster_name=${markOf(dataDir)}`)) {
    const foreign = /^\S*postgres(\s|$)/.test(words) && !words.includes('cluster_name=porchlight-')
    // An unmarked PostgreSQL may have been started here by hand: it decides itself, and is heard.
    if (!foreign) rmSync(join(dataDir, 'postmaster.pid'), { force: true })
    return null
  }
  const outcome = await untilReady(dataDir, found.pid)
  if (outcome === 'late') throw new Error(`PostgreSQL (process ${found.pid}) in ${dataDir} does not become ready`)
  const now = readPidFile(dataDir)
  return outcome === 'ready' && now !== null ? { pid: now.pid, port: now.port } : null
}

/**
 * Ends PostgreSQL with everything written; rougher after `FAST_SHUTDOWN_MS` (nothing is lost: it replays its log).
 *
 * @throws when it is still there after that
 */
export async function stopPostmaster({ pid }: Pick<Postmaster, 'pid'>): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
  ] as const) {
    signalPostmaster(pid, signal)
    const until = Date.now() + patienceMs
    while (Date.now() < until) {
      if (!isAlive(pid)) return
      await sleep(POLL_MS)
    }
  }
  throw new Error(`PostgreSQL (process ${pid}) does not end`)
}

export function signalPostmaster(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, signal)
  } catch {
    // It is gone already, which is what was asked for.
  }
}

async function untilReady(dataDir: string, pid: number): Promise<'ready' | 'gone' | 'late'> {
  const until = Date.now() + READY_WITHIN_MS
  while (Date.now() < until) {
    const file = readPidFile(dataDir)
    if (file?.pid === pid && file.state === 'ready') return 'ready'
    if (!isAlive(pid)) return 'gone'
    await sleep(POLL_MS)
  }
  return 'late'
}

/** The lines of postmaster.pid: process, directory, start, port, socket directory, address, memory key, state. */
function readPidFile(dataDir: string): { pid: number; port: number; state: string } | null {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return Number.isInteger(pid) && pid > 0 ? { pid, port: Number(lines[3]), state: (lines[7] ?? '').trim() } : null
  } catch {
    return null
  }
}

/** Tells our PostgreSQL of this very directory from all others; moving the folder does not change it. */
function markOf(dataDir: string): string {
  const { dev, ino } = statSync(dataDir)
  return `porchlight-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 16)}`
}

function lastLines(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n')
  } catch {
    return '(no log)'
  }
}

/** A free port below the range from which the system takes ports for outgoing connections. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
