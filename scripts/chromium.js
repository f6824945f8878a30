import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ON_MACOS = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
const PACKAGES = ['chromium', 'fonts-dejavu-core']

/**
 * Where a Chromium for the browser tests is; installs Debian's when there is none and we may.
 *
 * @throws {Error} with a sentence that says how to get one
 */
export function ensureChromium() {
  const found = findChromium()
  if (found !== null) return found
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log('Installing Chromium for the browser tests (apt-get) …')
    run('update')
    run('install', '-y', '--no-install-recommends', ...PACKAGES)
    const installed = findChromium()
    if (installed !== null) return installed
  }
  throw new Error(
    'The browser tests need Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM_PATH',
  )
}

function findChromium() {
  const given = process.env.CHROMIUM_PATH
  if (given) {
    if (!isProgram(given)) throw new Error(`CHROMIUM_PATH is ${given}, which is no program`)
    return given
  }
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)]
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...places, ON_MACOS].find(isProgram) ?? null
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function run(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = spawnSync('apt-get', args, { stdio: 'inherit', env })
  if (status !== 0) throw new Error(`apt-get ${args[0]} failed: install Chromium by hand, or set CHROMIUM_PATH`)
}
