import { WebSocket } from 'ws'

/** How the event loop of a process stood still since the last look. */
export interface Pauses {
  /** The longest, as `monitorEventLoopDelay` has it, in milliseconds. */
  readonly longestMs: number
  /** The longest without what it stood in line for a core: on a busy machine it also stands still while others are at work. */
  readonly ownMs: number
}

/** What a process holds after it collected its garbage. */
export interface Held {
  /** Of the heap, and of buffers beside it. */
  readonly bytes: number
  /** Sockets that are open, listening ones included. */
  readonly sockets: number
}

/** Watches a process from outside, by the inspector of Node: nothing is built into it for that. */
export interface ProcessWatch {
  pauses(): Promise<Pauses>
  /** Collects the garbage first. The pause that this makes is nobody's. */
  held(): Promise<Held>
  /** Runs this in the process: how a fault is planted, to see that it is found. */
  run(script: string): Promise<unknown>
  close(): void
}

const RESOLUTION_MS = 10

/**
 * Runs in the process. Of a pause only that is its own for which its main thread did not stand in line for a core: Linux says how long it
 * did, elsewhere all of a pause is taken for its own. A look may come in the midst of a pause: it then counts as far as it went, and as a
 * whole at the next look.
 */
const INSTALL = `(() => {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
  const { openSync, readSync } = process.getBuiltinModule('node:fs')
  const stat = process.platform === 'linux' ? openSync('/proc/self/schedstat', 'r') : null
  const line = Buffer.alloc(100)
  const inLineMs = () => (stat === null ? 0 : Number(line.toString('latin1', 0, readSync(stat, line, 0, 100, 0)).split(' ')[1]) / 1e6)
  const delays = monitorEventLoopDelay({ resolution: ${RESOLUTION_MS} })
  delays.enable()
  let at, inLine, longestMs, ownMs
  const measure = () => {
    const now = performance.now(), stood = inLineMs()
    longestMs = Math.max(longestMs, now - at)
    ownMs = Math.max(ownMs, now - at - (stood - inLine))
  }
  const begin = () => {
    at = performance.now()
    inLine = inLineMs()
  }
  const forget = () => {
    delays.reset()
    longestMs = ownMs = 0
  }
  begin()
  forget()
  setInterval(() => (measure(), begin()), ${RESOLUTION_MS}).unref()
  globalThis.fuzzWatch = {
    take() {
      measure()
      const taken = { longestMs: Math.max(longestMs, delays.max / 1e6), ownMs }
      forget()
      return JSON.stringify(taken)
    },
    held() {
      const { heapUsed, external } = process.memoryUsage()
      const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length
      begin()
      forget()
      return JSON.stringify({ bytes: heapUsed + external, sockets })
    },
  }
  return '{}'
})()`

/** @param url as Node prints it behind "Debugger listening on" */
export async function watchProcess(url: string): Promise<ProcessWatch> {
  const ws = new WebSocket(url)
  const answers = new Map<number, (answer: Answer | null) => void>()
  let asked = 0
  const end = (): void => {
    for (const answer of answers.values()) answer(null)
    answers.clear()
  }
  ws.on('error', end)
  ws.on('close', end)
  ws.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Answer
    answers.get(answer.id)?.(answer)
    answers.delete(answer.id)
  })
  await new Promise((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })

  async function ask(method: string, params: object = {}): Promise<Answer> {
    asked += 1
    const id = asked
    const answer = await new Promise<Answer | null>((resolve) => {
      answers.set(id, resolve)
      if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify({ id, method, params }))
      else end()
    })
    if (answer === null) throw new Error('the process that is watched has ended')
    return answer
  }

  async function run(expression: string): Promise<unknown> {
    const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true })
    if (result?.exceptionDetails) throw new Error(JSON.stringify(result.exceptionDetails))
    return result?.result?.value
  }
  const read = async (expression: string): Promise<unknown> => JSON.parse(String(await run(expression)))

  await run(INSTALL)
  return {
    run,
    pauses: async () => (await read('fuzzWatch.take()')) as Pauses,
    async held() {
      await ask('HeapProfiler.collectGarbage')
      return (await read('fuzzWatch.held()')) as Held
    },
    close: () => ws.terminate(),
  }
}

interface Answer {
  readonly id: number
  readonly result?: { readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: unknown }
}
