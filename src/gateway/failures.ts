import type { Limits } from './limits.ts'
import { tooMuch } from './rate-limit.ts'
import { PresenceError } from '../domain/errors.ts'

/** Keeps away addresses that bring one wrong token after the other. */
export interface Failures {
  /** @throws {PresenceError} RATE_LIMITED */
  check(address: string): void
  /** An address brought a token that was refused. */
  note(address: string): Promise<void>
}

/** Addresses kept before those whose time is over are cleared. */
const FIRST_CLEARING = 1_024

/**
 * Failures are counted for all nodes together, and only when there are any: whoever brings good tokens costs no look into a store. A
 * node learns that an address is above the quota with the next failure there.
 *
 * @param clock milliseconds that never step back
 */
export function createFailures(limits: Pick<Limits, 'spend'>, clock: () => number = () => performance.now()): Failures {
  const closedUntil = new Map<string, number>()
  let clearAt = FIRST_CLEARING

  function close(address: string, ms: number): void {
    if (closedUntil.size >= clearAt) {
      for (const [other, until] of closedUntil) if (until <= clock()) closedUntil.delete(other)
      clearAt = Math.max(FIRST_CLEARING, 2 * closedUntil.size)
    }
    closedUntil.set(address, clock() + ms)
  }

  return {
    check(address) {
      const waitMs = (closedUntil.get(address) ?? 0) - clock()
      if (waitMs > 0) throw tooMuch(waitMs)
    },
    async note(address) {
      try {
        await limits.spend('addressFailures', address)
      } catch (error) {
        if (!(error instanceof PresenceError && error.code === 'RATE_LIMITED')) throw error
        close(address, error.retryAfterMs ?? 0)
      }
    },
  }
}
