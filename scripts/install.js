// Runs before `npm start` and `npm test`, when node_modules may not exist yet: nothing here may need a package.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exclusively } from './exclusively.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.porchlight-lock')

if (!isInstalled()) {
  // Not in node_modules: `npm ci` starts by removing that.
  mkdirSync(join(root, '.data'), { recursive: true })
  await exclusively(join(root, '.data', 'install.lock'), 'installing', () => {
    if (!isInstalled()) install()
  })
}

function install() {
  console.log('Installing what Porchlight needs (npm ci) …')
  // npm hands its own path to the scripts it runs, which works on every system and with every version of npm.
  const npm = process.env.npm_execpath
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    console.error(`Installing failed${error ? ` (${error.message})` : ''}: see above, then try again.`)
    process.exitCode = status ?? 1
    return
  }
  writeFileSync(stamp, wanted())
}

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()
}

/** What the installed packages depend on: the lock file, and native parts on Node's version and the machine. */
function wanted() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const [major] = process.versions.node.split('.')
  return `${lock} node ${major} ${process.platform} ${process.arch}\n`
}
