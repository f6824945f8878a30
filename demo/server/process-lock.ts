import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from './error-code.ts'
import { startTimeOf } from './process-identity.ts'

/** Either the lock, or the process that has it. */
export type LockAttempt =
  | { readonly acquired: true; readonly release: () => void }
  | { readonly acquired: false; readonly heldBy: number }

interface Holder {
  readonly pid: number
  readonly startedAt: string | null
}

/**
 * Takes a lock that at most one process holds and that a dead process cannot keep.
 *
 * Node has no flock, and "delete the stale file, then create mine" lets two processes delete each other's. So the
 * lock is a row of numbered files `<path>.1`, `<path>.2`, …: the highest number holds it, a stale holder is overtaken
 * with the next number (a hard link appears at once with its content), and a number once given back is not removed
 * but marked free, so that it can only be overtaken, never reused.
 */
export function acquireProcessLock(path: string): LockAttempt {
  for (;;) {
    const highest = highestNumber(path)
    const holder = highest === 0 ? null : readHolder(`${path}.${highest}`)
    if (holder !== null && isHolding(holder)) return { acquired: false, heldBy: holder.pid }

    const mine = highest + 1
    if (!createWithContent(`${path}.${mine}`, { pid: process.pid, startedAt: startTimeOf(process.pid) })) continue
    // A slow process may have linked a number that others passed and cleared away in the meantime.
    if (highestNumber(path) > mine) {
      rmSync(`${path}.${mine}`, { force: true })
      continue
    }
    for (const number of numbers(path)) if (number < mine) rmSync(`${path}.${number}`, { force: true })
    return { acquired: true, release: () => replaceContent(`${path}.${mine}`, { pid: 0, startedAt: null }) }
  }
}

/** The living process that holds the lock, or null. */
export function lockHolder(path: string): number | null {
  const highest = highestNumber(path)
  const holder = highest === 0 ? null : readHolder(`${path}.${highest}`)
  return holder !== null && isHolding(holder) ? holder.pid : null
}

const isHolding = ({ pid, startedAt }: Holder): boolean => pid > 0 && startTimeOf(pid) === startedAt

function numbers(path: string): number[] {
  const prefix = `${basename(path)}.`
  const folder = dirname(path)
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
}

const highestNumber = (path: string): number => Math.max(0, ...numbers(path))

function readHolder(file: string): Holder | null {
  try {
    const holder: Holder = JSON.parse(readFileSync(file, 'utf8'))
    return holder
  } catch {
    // Overtaken and removed since it was listed: whoever did that is found in the next round.
    return null
  }
}

function createWithContent(file: string, holder: Holder): boolean {
  const draft = writeDraft(file, holder)
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function replaceContent(file: string, holder: Holder): void {
  renameSync(writeDraft(file, holder), file)
}

function writeDraft(file: string, holder: Holder): string {
  const draft = join(dirname(file), `.${basename(file)}.${randomUUID()}`)
  writeFileSync(draft, JSON.stringify(holder), { flag: 'wx', mode: 0o644 })
  return draft
}
