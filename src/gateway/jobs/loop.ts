import { PresenceError } from '../../domain/errors.ts'
import { asError, type Logger } from '../../telemetry/logger.ts'

/** Something that runs again and again, never twice at once. */
export interface Loop {
  /** Stops it; resolves when a run under way is over. */
  stop(): Promise<void>
}

/**
 * Runs `work` until stopped, each time after the pause that `pauseMs` asks for. A failing run is logged and the next
 * one comes as usual.
 */
export function startLoop(
  name: string,
  work: () => Promise<unknown>,
  pauseMs: () => number | Promise<number>,
  log: Logger,
): Loop {
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let wake: (() => void) | undefined

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
      timer = setTimeout(resolve, ms)
    })

  let failing = false

  /** An outage is told when it begins and when it is over, not with every attempt in between. */
  async function attempt(): Promise<void> {
    try {
      await work()
      if (failing) log.info({ job: name }, 'a job works again')
      failing = false
    } catch (error) {
      if (!failing) tell(asError(error))
      failing = true
    }
  }

  function tell(error: Error): void {
    const sentence = 'a job failed and is tried again until it works'
    // Somebody else is away: where in our code that was noticed helps nobody.
    if (error instanceof PresenceError && error.retryable) log.warn({ job: name, reason: error.message }, sentence)
    else log.error({ err: error, job: name }, sentence)
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await attempt()
      if (!stop.signal.aborted) await pause(await pauseMs())
    }
  }

  const running = run()
  return {
    stop: async () => {
      stop.abort()
      clearTimeout(timer)
      wake?.()
      await running
    },
  }
}
