import { mkdir } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { Client } from 'pg'
import { codeOf } from './error-code.ts'
import { findPostgresBinaries, postgresAccount } from './postgres-binaries.ts'
import { DATABASE_USER, ensureCluster, readPassword } from './postgres-cluster.ts'
import { findPostmaster, type Postmaster, signalPostmaster, spawnPostmaster, stopPostmaster } from './postmaster.ts'
import { acquireProcessLock, lockHolder } from './process-lock.ts'

export interface EmbeddedPostgresOptions {
  /** Where the data lives; password, log and lock lie beside it (`<dataDir>.password`, …). */
  readonly dataDir: string
  readonly log?: (line: string) => void
  /** false: faster, and a crash of the machine may lose everything. For tests. @default true */
  readonly durable?: boolean
  /** A fixed port. @default any free one from 20000 to 31999 */
  readonly port?: number
  /** Of PostgreSQL, beside those that `durable` decides: `{ shared_buffers: '1GB' }`. */
  readonly settings?: Readonly<Record<string, string | number>>
}

export interface EmbeddedPostgres {
  readonly url: string
  /** Whether it was found running, left behind by a process that was killed. */
  readonly adopted: boolean
  /** Ends PostgreSQL, adopted or not, and lets others use the data. Idempotent. */
  stop(): Promise<void>
}

const DATABASE = 'porchlight'
const UNKNOWN_DATABASE = '3D000'
const DUPLICATE_DATABASE = '42P04'

/**
 * Starts the PostgreSQL that comes with the package, or adopts the one that an earlier, killed run left behind.
 * One process at a time: `dataDir` is locked until `stop()` or the end of this process.
 *
 * @throws Error with a sentence for people: no binaries, data in use, the end of the server's log
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  await mkdir(dirname(dataDir), { recursive: true })
  const lock = acquireProcessLock(lockFileOf(dataDir))
  if (!lock.acquired) throw new Error(inUse(dataDir, lock.heldBy))
  try {
    const { postmaster, adopted } = await findOrStart({ ...options, dataDir })
    const stop = stopper(postmaster, lock.release)
    const url = urlOf(dataDir, postmaster)
    await ensureDatabase(url).catch(async (error: unknown) => {
      await stop()
      throw error
    })
    return { url, adopted, stop }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The address of the PostgreSQL that some Porchlight runs in `dataDir` right now, or null. Starts nothing. */
export async function findEmbeddedPostgres({ dataDir }: { dataDir: string }): Promise<string | null> {
  const folder = resolve(dataDir)
  const postmaster = lockHolder(lockFileOf(folder)) === null ? null : await findPostmaster(folder)
  return postmaster === null ? null : urlOf(folder, postmaster)
}

async function findOrStart(options: EmbeddedPostgresOptions): Promise<{ postmaster: Postmaster; adopted: boolean }> {
  const { dataDir, durable = true, port, settings: more, log = () => undefined } = options
  const running = await findPostmaster(dataDir)
  if (running !== null) {
    log(`adopted the PostgreSQL that an earlier run left behind (process ${running.pid})`)
    return { postmaster: running, adopted: true }
  }
  const account = postgresAccount()
  const native = findPostgresBinaries(account)
  await ensureCluster({ native, account, dataDir, durable })
  const settings = { ...(durable ? DURABLE_SETTINGS : TEST_SETTINGS), ...more }
  const logFile = `${dataDir}.log`
  const place = port === undefined ? {} : { port }
  const postmaster = await spawnPostmaster({ native, account, dataDir, logFile, settings, ...place })
  log(`PostgreSQL listens on 127.0.0.1:${postmaster.port} (process ${postmaster.pid})`)
  return { postmaster, adopted: false }
}

const DURABLE_SETTINGS = { max_connections: 100, timezone: 'UTC' }
const TEST_SETTINGS = {
  max_connections: 200,
  timezone: 'UTC',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/** Stops once, however often it is called; and without being called, when this process ends in good order. */
function stopper(postmaster: Postmaster, release: () => void): () => Promise<void> {
  let stopping: Promise<void> | null = null
  const onExit = (): void => signalPostmaster(postmaster.pid, 'SIGINT')
  process.once('exit', onExit)
  const stop = async (): Promise<void> => {
    await stopPostmaster(postmaster)
    process.off('exit', onExit)
    release()
  }
  return () => {
    stopping ??= stop()
    return stopping
  }
}

async function ensureDatabase(url: string): Promise<void> {
  if (await answers(url)) return
  const admin = new Client({ connectionString: url.replace(/\/[^/]*$/, '/postgres') })
  await admin.connect()
  try {
    await admin.query(`create database ${DATABASE}`)
  } catch (error) {
    if (codeOf(error) !== DUPLICATE_DATABASE) throw error
  } finally {
    await admin.end()
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    return true
  } catch (error) {
    if (codeOf(error) === UNKNOWN_DATABASE) return false
    throw error
  } finally {
    await client.end().catch(() => undefined)
  }
}

const lockFileOf = (dataDir: string): string => `${dataDir}.lock`

const urlOf = (dataDir: string, { port }: Postmaster): string =>
  `postgres://${DATABASE_USER}:${readPassword(dataDir)}@127.0.0.1:${port}/${DATABASE}`

function inUse(dataDir: string, pid: number): string {
  const near = relative(process.cwd(), dataDir)
  const name = near === '' || near.startsWith('..') ? dataDir : near
  return `Another Porchlight (process ${pid}) already uses ${name}; stop it, or set DATABASE_URL`
}
