import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs a TypeScript file of the project as it is. @returns the exit code, as a shell counts it */
export function runSource(file, args) {
  const source = ['--import', import.meta.resolve('tsx'), join(root, file), ...args]
  const running = spawn(process.execPath, source, { cwd: root, stdio: 'inherit' })
  // It ends everything it started before it ends itself.
  process.on('SIGTERM', () => running.kill('SIGTERM'))
  // Ctrl-C in a terminal reaches it directly.
  process.on('SIGINT', () => void (process.stdin.isTTY || running.kill('SIGINT')))
  return new Promise((resolve, reject) => {
    running.on('error', reject)
    running.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}
