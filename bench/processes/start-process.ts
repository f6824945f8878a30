import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readCpuMs } from './cpu.ts'
import { readRssKb } from './memory.ts'
import type { Answer, MemoryReport, Verbs } from './verbs.ts'

/** A process of a bench, and how to ask it. */
export interface Process<Known extends Verbs> {
  readonly pid: number
  call<Verb extends keyof Known & string>(
    verb: Verb,
    ...args: Parameters<Known[Verb]>
  ): Promise<Awaited<ReturnType<Known[Verb]>>>
  /** CPU milliseconds since its start, from the operating system where it tells. */
  cpuMs(): Promise<number>
  /** Memory after a collection of garbage. */
  memory(): Promise<MemoryReport>
  /** Whether it is gone: nobody answers any more. */
  hasEnded(): boolean
  /** Ends it, by its id, and waits for that. */
  end(): Promise<void>
}

const running = new Set<ChildProcess>()

/** Ends what still runs: for the end of the bench, whatever the reason. */
export function endAllProcesses(): void {
  for (const child of running) child.kill('SIGKILL')
}

/**
 * Starts a process of a bench and waits until it answers.
 *
 * @param file a TypeScript file that calls `serveVerbs`
 * @param settings what it reads from `process.env`
 */
export async function startProcess<Known extends Verbs>(
  file: URL,
  settings: Record<string, string> = {},
): Promise<Process<Known>> {
  const child = fork(file, {
    execArgv: ['--expose-gc', '--import', import.meta.resolve('tsx')],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production', ...settings },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  running.add(child)
  const exit = once(child, 'exit')
  const questions = askThrough(child)
  child.once('exit', (code, signal) => {
    running.delete(child)
    questions.fail(new Error(`${file.pathname.split('/').at(-1)} ended with ${code ?? signal}`))
  })
  await questions.ready
  const pid = child.pid ?? 0
  return {
    pid,
    call: (verb, ...args) => questions.ask(verb, args) as never,
    cpuMs: async () => readCpuMs(pid) ?? ((await questions.ask('cpuMs', [])) as number),
    async memory() {
      const report = (await questions.ask('memory', [])) as MemoryReport
      return { ...report, rssKb: readRssKb(pid) ?? report.rssKb }
    },
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async end() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

function askThrough(child: ChildProcess) {
  const pending = new Map<number, Pending>()
  let begin: Pending = { resolve: () => {}, reject: () => {} }
  const ready = new Promise<unknown>((resolve, reject) => {
    begin = { resolve, reject }
  })
  let last = 0
  let failure: Error | null = null

  child.on('message', (answer: Answer) => {
    if ('ready' in answer) return begin.resolve(null)
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if ('error' in answer) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(answer.result)
  })

  return {
    ready,
    ask(verb: string, args: readonly unknown[]): Promise<unknown> {
      return new Promise((resolve, reject) => {
        if (failure) return reject(failure)
        pending.set(++last, { resolve, reject })
        child.send({ id: last, verb, args })
      })
    },
    fail(error: Error): void {
      failure = error
      begin.reject(error)
      for (const { reject } of pending.values()) reject(error)
      pending.clear()
    },
  }
}
