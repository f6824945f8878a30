import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** A command of what ships, in a process of its own. */
export interface Command {
  /** What it printed. @throws Error with that, when it does not end well */
  readonly output: Promise<string>
  /** Ends it without a goodbye. @returns whether it was still at work */
  kill(): Promise<boolean>
}

const CLI = join(import.meta.dirname, '../../dist/src/cli.js')

/** @param say hears of each line */
export function startCommand(args: readonly string[], databaseUrl: string, say: (line: string) => void): Command {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production', DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const onExit = (): void => void child.kill('SIGKILL')
  process.once('exit', onExit)
  let printed = ''
  let rest = ''
  const take = (chunk: Buffer): void => {
    printed += chunk.toString()
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) say(line)
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', onExit)
      resolve({ code, signal })
    })
  })
  const output = ended.then(({ code, signal }) => {
    if (code === 0) return printed
    throw new Error(`porchlight ${args.join(' ')} ended with ${code ?? signal}:\n${printed}`)
  })
  // Whoever kills it does not wait for what it prints.
  output.catch(() => {})
  return {
    output,
    async kill() {
      child.kill('SIGKILL')
      return (await ended).signal === 'SIGKILL'
    },
  }
}
