import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_AGAIN_MS = 200
const EMPTY_FOR_MS = 3_000

/**
 * Runs `work` while no other process does the same; waits for one that does, and passes over one that died.
 * For installing and building, which can be repeated: the lock of the embedded database is a stricter one.
 *
 * @template T
 * @param {string} lockFile
 * @param {string} what for the person who waits
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusively(lockFile, what, work) {
  let told = false
  while (!take(lockFile)) {
    const holder = holderOf(lockFile)
    if (holder === null ? isAbandoned(lockFile) : !isAlive(holder)) {
      rmSync(lockFile, { force: true })
      continue
    }
    if (!told && holder !== null) console.log(`Waiting for process ${holder}, which is ${what} …`)
    told ||= holder !== null
    await sleep(LOOK_AGAIN_MS)
  }
  try {
    return await work()
  } finally {
    if (holderOf(lockFile) === process.pid) rmSync(lockFile, { force: true })
  }
}

function take(lockFile) {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** null while the file is being written, or is gone again. */
function holderOf(lockFile) {
  try {
    const text = readFileSync(lockFile, 'utf8')
    return /^\d+$/.test(text) ? Number(text) : null
  } catch {
    return null
  }
}

/** A process that died between making the file and writing its number into it. */
function isAbandoned(lockFile) {
  const stat = statSync(lockFile, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > EMPTY_FOR_MS
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
