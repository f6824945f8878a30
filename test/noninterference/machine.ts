import { performance } from 'node:perf_hooks'

/**
 * The time and the chance of this process, in the hands of the harness: timers fire only when it says so, in the order of their moments,
 * and every draw of `Math.random` is the same. So two runs differ by what happened in them and by nothing else. Immediates, promises and
 * the network go on as always.
 */
export interface Machine {
  /** Moves time forward. What falls due on the way happens in order; `settle` is awaited after each. */
  advance(ms: number, settle: () => Promise<void>): Promise<void>
  /** Whether something falls due within so many milliseconds. */
  isDueWithin(ms: number): boolean
  /** Gives the process its own time and chance back. */
  release(): void
}

class VirtualTimer {
  /** The last one stands still after it fired, unless it is set again. */
  at: number
  readonly #clock: VirtualClock
  readonly work: () => void
  readonly delay: number
  readonly repeats: boolean

  constructor(clock: VirtualClock, work: () => void, delay: number, repeats: boolean) {
    this.#clock = clock
    this.work = work
    this.delay = delay
    this.repeats = repeats
    this.at = clock.now + delay
  }
  refresh(): this {
    this.#clock.timers.delete(this)
    this.at = this.#clock.now + this.delay
    this.#clock.timers.add(this)
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return false
  }
  close(): this {
    this.#clock.timers.delete(this)
    return this
  }
}

interface VirtualClock {
  now: number
  readonly timers: Set<VirtualTimer>
}

/** Takes over. Nobody else may go by the time of this process meanwhile. */
export function takeOverMachine(): Machine {
  const clock: VirtualClock = { now: 0, timers: new Set() }
  const undo = [
    replace(globalThis, 'setTimeout', (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      set(clock, () => work(...args), ms, false),
    ),
    replace(globalThis, 'setInterval', (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      set(clock, () => work(...args), Math.max(1, ms), true),
    ),
    replaceClear('clearTimeout', clock),
    replaceClear('clearInterval', clock),
    replace(performance, 'now', () => clock.now),
    // A machine with nothing else to do: how long ticks are depends on it.
    replace(performance, 'eventLoopUtilization', () => ({ idle: 1, active: 0, utilization: 0 })),
    replace(Math, 'random', () => 0.5),
  ]
  return {
    isDueWithin: (ms) => (earliest(clock)?.at ?? Number.POSITIVE_INFINITY) <= clock.now + ms,
    release: () => undo.forEach((one) => one()),
    async advance(ms, settle) {
      const until = clock.now + ms
      for (let next = earliest(clock); next && next.at <= until; next = earliest(clock)) {
        clock.now = Math.max(clock.now, next.at)
        clock.timers.delete(next)
        if (next.repeats) next.refresh()
        next.work()
        await settle()
      }
      clock.now = until
    },
  }
}

function set(clock: VirtualClock, work: () => void, ms: number, repeats: boolean): VirtualTimer {
  const timer = new VirtualTimer(clock, work, Math.max(0, ms), repeats)
  clock.timers.add(timer)
  return timer
}

/** Of those at the same moment, the one that was set first. */
function earliest({ timers }: VirtualClock): VirtualTimer | undefined {
  let first: VirtualTimer | undefined
  for (const timer of timers) if (!first || timer.at < first.at) first = timer
  return first
}

/** Timers of before are the machine's own and cleared as ever. */
function replaceClear(name: 'clearTimeout' | 'clearInterval', clock: VirtualClock): () => void {
  const real = globalThis[name]
  return replace(globalThis, name, (timer: unknown) =>
    timer instanceof VirtualTimer ? clock.timers.delete(timer) : real(timer as NodeJS.Timeout),
  )
}

function replace<Owner extends object>(owner: Owner, name: keyof Owner, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { value, configurable: true, writable: true })
  return () => {
    if (own) Object.defineProperty(owner, name, own)
    else Reflect.deleteProperty(owner, name)
  }
}
