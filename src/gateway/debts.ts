/** Until when each key has to wait for what it had already. */
export interface Debts {
  /** When a key is even, by the clock; in the past, or 0: it owes nothing. */
  evenAt(key: string): number
  /** Adds milliseconds to what a key owes, from a moment on. */
  charge(key: string, from: number, ms: number): void
}

/** Keys held before the first clearing of those that owe nothing any more. */
const FIRST_CLEARING = 1_024

/**
 * One moment for each key, as the generic cell rate algorithm has it (ITU-T I.371, appendix): memory follows who owes something, without a
 * timer.
 *
 * @param clock milliseconds that never step back
 */
export function createDebts(clock: () => number): Debts {
  const evenAt = new Map<string, number>()
  let clearAt = FIRST_CLEARING

  function clear(): void {
    const now = clock()
    for (const [key, at] of evenAt) if (at <= now) evenAt.delete(key)
    clearAt = Math.max(FIRST_CLEARING, evenAt.size * 2)
  }

  return {
    evenAt: (key) => evenAt.get(key) ?? 0,
    charge(key, from, ms) {
      if (evenAt.size >= clearAt) clear()
      evenAt.set(key, Math.max(evenAt.get(key) ?? 0, from) + ms)
    },
  }
}
