import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Whether what ships was built just now from these sources: it starts in half the time, and is what people run. */
const BUILT = process.env['CLI_BUILT'] === '1'

/** The command line as a process of its own. */
export interface Running {
  readonly process: ChildProcess
  readonly output: () => string
  /** Waits until this appears in what it prints. @throws Error when it ends before */
  prints(pattern: RegExp): Promise<string>
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): void
}

/** @param sources of another build than this one */
export function runCli(args: readonly string[], env: Record<string, string>, cwd?: string, sources?: string): Running {
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }
  const child = spawn(process.execPath, [...programOf(sources), ...args], {
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

const programOf = (sources: string | undefined): string[] =>
  BUILT && sources === undefined
    ? [join(ROOT, 'dist/src/cli.js')]
    : ['--import', import.meta.resolve('tsx'), join(sources ?? ROOT, 'src/cli.ts')]
