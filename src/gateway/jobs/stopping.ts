import { asError, type Logger } from '../../telemetry/logger.ts'

/** A step of stopping. @param ms how long it may take; then the next one comes, and it goes on beside it */
export type StopStep = (ms: number) => Promise<unknown>

/** Which part of the time that is left one step may take, so that something remains for those after it. */
const SHARE = 0.7

/**
 * Runs steps one after the other within a time that none of them can exceed. What fails or hangs is logged and left: whatever a process
 * leaves undone, the next start or another node makes up for (R5, R8, R54).
 */
export function stepsWithin(withinMs: number, log: Logger): (what: string, work: StopStep) => Promise<void> {
  const deadline = performance.now() + withinMs
  return async (what, work) => {
    const ms = Math.max(0, SHARE * (deadline - performance.now()))
    try {
      if (await inTime(work(ms), ms)) return
      log.error({ what }, 'not finished in time while stopping; the next start, or another node, makes up for it')
    } catch (error) {
      log.error(
        { err: asError(error), what },
        'failed while stopping; the next start, or another node, makes up for it',
      )
    }
  }
}

async function inTime(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** What has to be stopped of what was started. */
export interface Stopping {
  readonly isUnderWay: boolean
  /** Adds what was started: it is stopped before everything that was added earlier. */
  add(what: string, work: StopStep): void
  /** Stops all of it, once. */
  run(): Promise<void>
}

export function createStopping(withinMs: number, log: Logger): Stopping {
  const started: (readonly [what: string, work: StopStep])[] = []
  let running: Promise<void> | null = null

  async function stopAll(): Promise<void> {
    const step = stepsWithin(withinMs, log)
    for (const [what, work] of started.toReversed()) await step(what, work)
  }

  return {
    get isUnderWay() {
      return running !== null
    },
    add: (what, work) => void started.push([what, work]),
    run: () => (running ??= stopAll()),
  }
}
