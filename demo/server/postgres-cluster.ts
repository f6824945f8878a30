import { type StdioOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chown, type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Account } from './postgres-binaries.ts'
import { ownNameOf } from './postmaster.ts'

const MAJOR = '18'
export const DATABASE_USER = 'porchlight'

export interface ClusterOptions {
  readonly native: string
  readonly account: Account
  readonly dataDir: string
  /** Whether the new files are forced to disk. */
  readonly durable: boolean
}

export const passwordFileOf = (dataDir: string): string => `${dataDir}.password`

/**
 * Makes the data directory unless it is there. It is prepared beside its place and moved there when complete, so
 * that a kill at any moment leaves either nothing or all of it.
 *
 * @returns the password of `DATABASE_USER`
 */
export async function ensureCluster(options: ClusterOptions): Promise<string> {
  const { dataDir } = options
  await removeDrafts(dataDir)
  if (existsSync(join(dataDir, 'PG_VERSION'))) {
    refuseOtherMajor(dataDir)
    return readPassword(dataDir)
  }
  const password = await keepPassword(dataDir)
  const draft = await mkdtemp(`${dataDir}.new-`)
  await giveTo(draft, options.account)
  await initialize(options, draft, password)
  // An empty folder at the place is replaced; one with something in it is somebody's, and rename refuses it.
  await rename(draft, dataDir).catch((cause: unknown) => {
    throw new Error(`${dataDir} exists and is no PostgreSQL data directory: move it away`, { cause })
  })
  return password
}

export function readPassword(dataDir: string): string {
  try {
    return readFileSync(passwordFileOf(dataDir), 'utf8').trim()
  } catch (cause) {
    throw new Error(`${passwordFileOf(dataDir)} is missing: bring it back, or delete ${dataDir} to start anew`, {
      cause,
    })
  }
}

async function initialize(
  { native, account, durable }: ClusterOptions,
  draft: string,
  password: string,
): Promise<void> {
  const args = ['-D', ownNameOf(draft, account), '-U', DATABASE_USER, '--pwfile=/dev/stdin']
  args.push('--auth=scram-sha-256', '--encoding=UTF8', '--no-instructions')
  // The builtin provider sorts by code point, the same on every machine.
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8')
  if (!durable) args.push('--no-sync')

  const secret = await openNameless(password, account)
  try {
    const env = { PATH: process.env['PATH'] }
    const stdio: StdioOptions = [secret.fd, 'ignore', 'pipe']
    const initdb = spawn(join(native, 'bin', 'initdb'), args, { ...account, cwd: draft, env, stdio })
    const words = initdb.stderr === null ? Promise.resolve('') : text(initdb.stderr)
    const [code, signal] = await once(initdb, 'close')
    if (code === 0) return
    const reason = (await words).trim() || `initdb ended with ${code ?? signal}`
    throw new Error(`The embedded PostgreSQL could not make its data directory: ${reason}`)
  } finally {
    await secret.close()
  }
}

/**
 * An open file with these words and no name: initdb takes a password only from a file, a command line is visible to
 * all, and a file with a name stays behind when Node is killed.
 */
async function openNameless(words: string, { uid, gid }: Account): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'porchlight-'))
  try {
    const handle = await open(join(folder, 'password'), 'wx+', 0o600)
    // At a position, so that a reader who shares the handle begins at the start.
    await handle.write(`${words}\n`, 0)
    if (uid !== undefined && gid !== undefined) await handle.chown(uid, gid)
    return handle
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The stored password, or a new one, safely on disk before anything depends on it. */
async function keepPassword(dataDir: string): Promise<string> {
  const file = passwordFileOf(dataDir)
  const known = await readFile(file, 'utf8').catch(() => '')
  if (known.trim() !== '') return known.trim()
  const password = randomBytes(24).toString('hex')
  await rm(file, { force: true })
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(`${password}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return password
}

function refuseOtherMajor(dataDir: string): void {
  const major = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim()
  if (major === MAJOR) return
  throw new Error(
    `${dataDir} was made by PostgreSQL ${major}, this is ${MAJOR}: move it away, or set DATABASE_URL to a server that reads it`,
  )
}

async function removeDrafts(dataDir: string): Promise<void> {
  await mkdir(dirname(dataDir), { recursive: true })
  const prefix = `${basename(dataDir)}.new-`
  const drafts = (await readdir(dirname(dataDir))).filter((name) => name.startsWith(prefix))
  // An initdb that outlived its Node for a moment may still be writing there.
  await Promise.all(
    drafts.map((name) => rm(join(dirname(dataDir), name), { recursive: true, force: true, maxRetries: 5 })),
  )
}

async function giveTo(path: string, { uid, gid }: Account): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}
