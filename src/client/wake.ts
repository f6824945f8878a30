import type { Surroundings } from './surroundings.ts'

export interface WakeListener {
  /** The machine, the network or the tab may have been away. */
  woke(): void
  networkLost(): void
  /** The browser puts this page away, for good, frozen, or into its back-forward cache: it will hear and say nothing. */
  hidden(): void
  /** It came back from there. */
  shown(): void
}

/** Milliseconds between two looks at the clock. Who wakes wants to be live within two seconds, connecting included. */
const LOOK_MS = 1_000
/** A look that comes later than this has slept: machines that sleep stop timers, not clocks. */
const SLEPT_MS = 6_000

/** Listens for everything that says: look after the connection now. @returns stops listening */
export function watchWake({ window, document, timers }: Surroundings, listener: WakeListener): () => void {
  if (!window || !document) return () => undefined
  let lookedAt = timers.now()
  let stopTimer = (): void => undefined
  const look = (): void => {
    const now = timers.now()
    if (now - lookedAt > SLEPT_MS) listener.woke()
    lookedAt = now
    stopTimer = timers.after(LOOK_MS, look)
  }
  look()

  const listening: readonly (readonly [EventTarget, string, (event: Event) => void])[] = [
    [document, 'visibilitychange', () => document.visibilityState === 'visible' && listener.woke()],
    // A frozen page would keep what its other tabs wait for.
    [document, 'freeze', () => listener.hidden()],
    [document, 'resume', () => listener.shown()],
    [window, 'online', () => listener.woke()],
    [window, 'offline', () => listener.networkLost()],
    [window, 'pagehide', () => listener.hidden()],
    // The first showing of a page is no coming back.
    [window, 'pageshow', (event) => (event as PageTransitionEvent).persisted && listener.shown()],
  ]
  for (const [target, event, handler] of listening) target.addEventListener(event, handler)
  return () => {
    stopTimer()
    for (const [target, event, handler] of listening) target.removeEventListener(event, handler)
  }
}
