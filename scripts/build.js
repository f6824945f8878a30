import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exclusively } from './exclusively.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const stamp = join(dist, '.build-hash')

const SOURCES = [
  'src',
  'demo',
  'ops',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
  'tsconfig.build.json',
  'tsconfig.browser.json',
]
const PRODUCTS = ['src/cli.js', 'page/index.html', 'ops-page/index.html']
const PAGES = ['demo/page', 'ops/page']

/**
 * Compiles the server and bundles the pages, unless what is there was made from these very sources.
 *
 * @param {{ force?: boolean }} options
 * @throws {Error} when the compiler or the bundler refuses; they have said why
 */
export async function build({ force = false } = {}) {
  if (!force && isCurrent(hashOfSources())) return
  mkdirSync(dist, { recursive: true })
  await exclusively(join(dist, '.build-lock'), 'building', () => {
    // Taken before compiling: an edit meanwhile must lead to another build.
    const hash = hashOfSources()
    if (!force && isCurrent(hash)) return
    const since = performance.now()
    console.log('Building …')
    // A file whose source is gone must not be found any more.
    for (const part of ['.build-hash', 'src', 'demo']) rmSync(join(dist, part), { recursive: true, force: true })
    run('typescript/bin/tsc', '-p', 'tsconfig.build.json')
    run('typescript/bin/tsc', '-p', 'tsconfig.browser.json')
    // Scripts of Redis are read as they are.
    cpSync(join(root, 'src/store/redis/scripts'), join(dist, 'src/store/redis/scripts'), { recursive: true })
    for (const page of PAGES) {
      run('vite/bin/vite.js', 'build', '--config', `${page}/vite.config.ts`, '--logLevel', 'warn')
    }
    writeFileSync(stamp, hash)
    console.log(`Built in ${((performance.now() - since) / 1000).toFixed(1)} s`)
  })
}

function run(tool, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`Building failed: ${tool.split('/')[0]} ended with ${status}, see above.`)
}

function isCurrent(hash) {
  const complete = PRODUCTS.every((product) => existsSync(join(dist, product)))
  return complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash
}

function hashOfSources() {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)))
  for (const file of SOURCES.flatMap((source) => filesIn(join(root, source))).sort((a, b) => (a < b ? -1 : 1))) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

function filesIn(path) {
  if (!existsSync(path)) return []
  const entries = path.endsWith('.json') ? null : readdirSync(path, { recursive: true, withFileTypes: true })
  if (entries === null) return [path]
  return entries
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({ force: process.argv.includes('--force') }).catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
