/** Milliseconds between two ticks while the page is seen. Words about time are whole minutes and more. */
const TICK_MS = 10_000

let now = 0
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

function tick(): void {
  if (document.visibilityState !== 'visible') return
  now = Date.now()
  for (const listener of listeners) listener()
}

/**
 * One clock for all words about time on a page, so that a thousand of them cost one timer and turn together. It stands
 * still while nobody listens or the page is hidden.
 */
export const sharedClock = {
  /** Epoch milliseconds of the last tick. */
  get(): number {
    // Between ticks it must not move: React reads twice, and expects the same. Nobody listening, there are no ticks.
    if (listeners.size === 0 && Math.abs(Date.now() - now) >= TICK_MS / 10) now = Date.now()
    return now
  },
  /** @returns stops telling */
  subscribe(listener: () => void): () => void {
    if (listeners.size === 0) {
      now = Date.now()
      timer = setInterval(tick, TICK_MS)
      document.addEventListener('visibilitychange', tick)
    }
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0) return
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  },
}
