import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.js'
import { ensureChromium, ensureNginx, ensureRedis } from './programs.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

try {
  const programs = {
    CHROMIUM_PATH: ensureChromium(),
    REDIS_SERVER_PATH: ensureRedis(),
    NGINX_PATH: ensureNginx(),
  }
  await build()
  process.exitCode = await runTests({ ...process.env, ...programs })
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

function runTests(env) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const tests = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', env })
  // Vitest takes down what the tests started; ending before it would leave that behind.
  // It does so on SIGINT only: SIGTERM ends it on the spot.
  process.on('SIGTERM', () => tests.kill('SIGINT'))
  // Ctrl-C in a terminal reaches vitest directly, and a second one would make it give up cleaning.
  process.on('SIGINT', () => void (process.stdin.isTTY || tests.kill('SIGINT')))
  return new Promise((resolve, reject) => {
    tests.on('error', reject)
    tests.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}
