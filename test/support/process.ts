import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** The command line as a process of its own, run from source. */
export interface Running {
  readonly process: ChildProcess
  readonly output: () => string
  /** Waits until this appears in what it prints. @throws Error when it ends before */
  prints(pattern: RegExp): Promise<string>
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): void
}

/** @param root of another build than this one */
export function runCli(args: readonly string[], env: Record<string, string>, cwd?: string, root = ROOT): Running {
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), join(root, 'src/cli.ts'), ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  let output = ''
  const looks = new Set<() => void>()
  const take = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const look of looks) look()
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    process: child,
    output: () => output,
    ended,
    kill: (signal) => void child.kill(signal),
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(output)
          if (!found) return
          looks.delete(look)
          resolve(found[1] ?? found[0])
        }
        looks.add(look)
        look()
        void ended.then(() => reject(new Error(`it ended before printing ${pattern}:\n${output}`)))
      }),
  }
}
