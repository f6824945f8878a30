const EVENTS = ['pointerdown', 'pointermove', 'keydown', 'scroll', 'wheel', 'touchstart'] as const

/** Milliseconds between two words about activity. Far below any idle limit, far above the rate of pointer events. */
const QUIET_MS = 5_000

/**
 * Tells when the person uses this page: pointer, keys, scrolling, coming back to the tab. The first sign after a pause
 * is told at once, so that nobody who is back stays "away". A hidden tab never counts.
 *
 * @returns how to stop listening
 */
export function watchActivity(tell: () => void): () => void {
  let toldAt = Number.NEGATIVE_INFINITY
  const noticed = (): void => {
    if (document.visibilityState !== 'visible') return
    const now = performance.now()
    if (now - toldAt < QUIET_MS) return
    toldAt = now
    tell()
  }
  for (const event of EVENTS) window.addEventListener(event, noticed, { passive: true, capture: true })
  document.addEventListener('visibilitychange', noticed)
  return () => {
    for (const event of EVENTS) window.removeEventListener(event, noticed, { capture: true })
    document.removeEventListener('visibilitychange', noticed)
  }
}
