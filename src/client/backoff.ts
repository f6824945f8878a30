/** Growing pauses between attempts at what only we retry. Connections have socket.io-client's own. */
export interface Backoff {
  /** Milliseconds to wait this time: between half of the step and all of it, so that many clients do not come at once. */
  next(): number
  reset(): void
}

const FIRST_MS = 500
const LONGEST_MS = 15_000

export function createBackoff(chance: () => number = Math.random): Backoff {
  let attempts = 0
  return {
    next() {
      const step = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempts)
      attempts = Math.min(attempts + 1, 10)
      return step * (0.5 + chance() / 2)
    },
    reset() {
      attempts = 0
    },
  }
}
