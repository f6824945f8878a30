import { setTimeout as sleep } from 'node:timers/promises'
import { createTurns } from '../service/in-turn.ts'
import { createDebts } from './debts.ts'
import { tooMuch } from './rate-limit.ts'

/**
 * Runs work of one key after the other, so that the work of nobody takes more than a share of the time.
 *
 * @throws {PresenceError} RATE_LIMITED when too much of it waits
 */
export type TimeShare = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>

/** Nobody waits for anybody, for load tests. */
export const wholeTime: TimeShare = (_key, work) => work()

export interface TimeShareOptions {
  /** Of the time, above 0 and at most 1. */
  readonly share: number
  /** Milliseconds of work that a key may have done before it waits at all. */
  readonly burstMs: number
  /** Pieces of a key that may wait. */
  readonly mostWaiting: number
  /** Milliseconds that never step back. */
  readonly clock?: () => number
  readonly wait?: (ms: number) => Promise<unknown>
}

/** Work that takes longer than this many milliseconds waits for something else, such as a database that is slow for everybody. */
const LONGEST_MS = 50

/**
 * Whoever asks at ease never waits; whoever asks all the time waits for themself, whatever one piece of work costs, and the busier the
 * machine is, the longer (R53). What is charged are measured milliseconds.
 */
export function createTimeShare(options: TimeShareOptions): TimeShare {
  const { share, burstMs, mostWaiting, clock = () => performance.now(), wait = sleep } = options
  const inTurn = createTurns()
  const waiting = new Map<string, number>()
  const debts = createDebts(clock)

  async function paced<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const early = debts.evenAt(key) - burstMs / share - clock()
    if (early > 0) await wait(early)
    const startedAt = clock()
    try {
      return await work()
    } finally {
      debts.charge(key, startedAt, Math.min(clock() - startedAt, LONGEST_MS) / share)
    }
  }

  return async (key, work) => {
    const before = waiting.get(key) ?? 0
    if (before >= mostWaiting) throw tooMuch()
    waiting.set(key, before + 1)
    try {
      return await inTurn(key, () => paced(key, work))
    } finally {
      const left = (waiting.get(key) ?? 1) - 1
      if (left === 0) waiting.delete(key)
      else waiting.set(key, left)
    }
  }
}
