import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs vitest with these arguments. @returns the exit code, as a shell counts it */
export function runVitest(args, env) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const tests = spawn(process.execPath, [vitest, 'run', ...args], { cwd: root, stdio: 'inherit', env })
  // Vitest takes down what the tests started; ending before it would leave that behind.
  // It does so on SIGINT only: SIGTERM ends it on the spot.
  const onTerm = () => tests.kill('SIGINT')
  // Ctrl-C in a terminal reaches vitest directly, and a second one would make it give up cleaning.
  const onInt = () => void (process.stdin.isTTY || tests.kill('SIGINT'))
  process.on('SIGTERM', onTerm)
  process.on('SIGINT', onInt)
  return new Promise((resolve, reject) => {
    tests.on('error', reject)
    tests.on('exit', (code, signal) => {
      process.off('SIGTERM', onTerm)
      process.off('SIGINT', onInt)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}
