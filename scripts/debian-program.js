import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * A program that the tests need and that comes in no npm package.
 *
 * @typedef {object} Program
 * @property {string} title for sentences: "Redis"
 * @property {string[]} names as it may be called in a folder of PATH
 * @property {string[]} [places] full paths beside PATH
 * @property {string[]} packages of Debian
 * @property {string} variable that names it
 */

/**
 * Where a program is; installs Debian's when there is none and we may.
 *
 * @param {Program} program
 * @throws {Error} with a sentence that says how to get it
 */
export function ensureProgram(program) {
  const found = find(program)
  if (found !== null) return found
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log(`Installing ${program.title} for the tests (apt-get) …`)
    aptGet(program, 'update')
    aptGet(program, 'install', '-y', '--no-install-recommends', ...program.packages)
    const installed = find(program)
    if (installed !== null) return installed
  }
  throw new Error(
    `The tests need ${program.title}: install it (Debian: apt-get install ${program.packages[0]}), or set ${program.variable}`,
  )
}

function find({ names, places = [], variable }) {
  const given = process.env[variable]
  if (given) {
    if (!isProgram(given)) throw new Error(`${variable} is ${given}, which is no program`)
    return given
  }
  const folders = ['/usr/bin', '/usr/sbin', ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)]
  const candidates = [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...places]
  return candidates.find(isProgram) ?? null
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function aptGet({ title, variable }, ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = withoutServices(() => spawnSync('apt-get', args, { stdio: 'inherit', env }))
  if (status !== 0) throw new Error(`apt-get ${args[0]} failed: install ${title} by hand, or set ${variable}`)
}

/** What Debian asks before it starts a service that it installed; 101 forbids it. */
const POLICY = '/usr/sbin/policy-rc.d'

/** Only the program is wanted: a service would take a port of the machine. */
function withoutServices(install) {
  if (existsSync(POLICY)) return install()
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return install()
  } finally {
    rmSync(POLICY, { force: true })
  }
}
