// npm run bench -- [b1 b3 …] [--reps 5] [--quick] [--check]
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import './install.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

try {
  const { build } = await import('./build.js')
  const { ensureNginx, ensureRedis } = await import('./programs.js')
  process.env.REDIS_SERVER_PATH = ensureRedis()
  process.env.NGINX_PATH = ensureNginx()
  await build()
  process.exitCode = await runBenches()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

function runBenches() {
  const main = join(root, 'bench', 'main.ts')
  const args = ['--import', import.meta.resolve('tsx'), main, ...process.argv.slice(2)]
  const benches = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  // It ends everything it started before it ends itself.
  process.on('SIGTERM', () => benches.kill('SIGTERM'))
  // Ctrl-C in a terminal reaches it directly.
  process.on('SIGINT', () => void (process.stdin.isTTY || benches.kill('SIGINT')))
  return new Promise((resolve, reject) => {
    benches.on('error', reject)
    benches.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}
