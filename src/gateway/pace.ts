import { setTimeout as sleep } from 'node:timers/promises'
import { createDebts } from './debts.ts'
import { tooMuch } from './rate-limit.ts'

/**
 * Lets whoever comes too often wait instead of refusing them (R53).
 *
 * @throws {PresenceError} RATE_LIMITED when too many wait already
 */
export type Pace = (key: string) => Promise<void>

/** Nobody waits, for load tests. */
export const noPace: Pace = async () => {}

export interface PaceOptions {
  /** How often a key may come on average. */
  readonly perSecond: number
  /** How often it may come at once. */
  readonly burst: number
  /** How many of a key may wait. */
  readonly mostWaiting: number
  /** Milliseconds that never step back. */
  readonly clock?: () => number
  readonly wait?: (ms: number) => Promise<unknown>
}

export function createPace(options: PaceOptions): Pace {
  const { perSecond, burst, mostWaiting, clock = () => performance.now(), wait = sleep } = options
  const everyMs = 1_000 / perSecond
  const debts = createDebts(clock)
  return async (key) => {
    const now = clock()
    const early = debts.evenAt(key) - (burst - 1) * everyMs - now
    if (early > mostWaiting * everyMs) throw tooMuch(early)
    debts.charge(key, now, everyMs)
    if (early > 0) await wait(early)
  }
}
