import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel'
import { PresenceError } from '../domain/errors.ts'

export interface GuardOptions {
  /** Who is called, for sentences: "Redis". */
  readonly name: string
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number
  /** Failures in a row after which calls fail at once. */
  readonly breakerFailures: number
  /** Milliseconds until one call tries again. */
  readonly breakerCooldownMs: number
  /** Whether an error says that the other side is away, rather than that the call was wrong. */
  readonly isAway: (error: unknown) => boolean
  /** Hears after every call that was made whether the other side answered, were it with a refusal, and how many seconds it took. */
  readonly onAnswer?: (answered: boolean, seconds: number) => void
  /** Is given every call to run it: to put it into a trace, say. */
  readonly around?: <Result>(call: () => Promise<Result>) => Promise<Result>
  /** Hears that calls fail at once from now on, or not any more. */
  readonly onBreak?: (isOpen: boolean) => void
}

/** Stands between us and something that may be away: calls neither hang nor pile up in front of it. */
export interface Guard {
  /** @throws {PresenceError} STORE_UNAVAILABLE when it is away; whatever the call throws otherwise */
  call<Result>(work: () => Promise<Result>): Promise<Result>
  /** Whether calls fail at once at the moment. */
  isOpen(): boolean
}

/** A time-out and a circuit breaker around every call. A call that timed out may still have been carried out. */
export function createGuard(options: GuardOptions): Guard {
  const { name, timeoutMs, breakerFailures, breakerCooldownMs, isAway } = options
  const { onAnswer = () => {}, onBreak = () => {}, around = (call) => call() } = options
  const counts = (error: unknown): boolean => error instanceof TooLate || isAway(error)
  const breaker: CircuitBreakerPolicy = circuitBreaker(handleWhen(counts), {
    halfOpenAfter: breakerCooldownMs,
    breaker: new ConsecutiveBreaker(breakerFailures),
  })
  // One call that tries again is no end of the break: its answer is.
  breaker.onStateChange((state) => state !== CircuitState.HalfOpen && onBreak(state === CircuitState.Open))

  return {
    isOpen: () => breaker.state === CircuitState.Open,
    async call(work) {
      const startedAt = performance.now()
      const seconds = (): number => (performance.now() - startedAt) / 1_000
      try {
        const result = await breaker.execute(() => around(() => inTime(work, timeoutMs)))
        onAnswer(true, seconds())
        return result
      } catch (error) {
        const isBroken = isBrokenCircuitError(error)
        if (!isBroken) onAnswer(!counts(error), seconds())
        if (!isBroken && !counts(error)) throw error
        throw new PresenceError('STORE_UNAVAILABLE', `${name} does not answer at the moment.`, {
          retryable: true,
          cause: error,
        })
      }
    },
  }
}

class TooLate extends Error {
  override readonly name = 'TooLate'
}

/** A plain timer: the breaker's own time-out makes an AbortController for each call, a tenth of what a connection costs. */
function inTime<Result>(work: () => Promise<Result>, ms: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    // After a pause of this process the answer may lie there unread: it gets the turn of the event loop that it would have had.
    const giveUp = (): void => void setImmediate(() => reject(new TooLate(`no answer within ${ms} ms`)))
    const timer = setTimeout(giveUp, ms)
    work()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}
