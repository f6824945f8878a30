import type { Surroundings } from './surroundings.ts'

/**
 * What only a person does. Not `scroll`: scripts and layouts scroll, too. Whoever scrolls uses wheel, keys or fingers, and
 * dragging a scroll bar begins with `pointerdown` and ends with `pointerup`.
 */
const EVENTS = ['pointerdown', 'pointerup', 'pointermove', 'keydown', 'wheel', 'touchstart', 'touchmove'] as const

/** Milliseconds between two words about activity. Far below any idle limit, far above the rate of pointer events. */
const QUIET_MS = 5_000

/**
 * Tells when the person uses this page: pointer, keys, scrolling, coming back to the tab. The first sign after a pause is
 * told at once, so that nobody who is back stays "away". A hidden tab never counts.
 *
 * @returns stops listening
 */
export function watchActivity({ window, document, timers }: Surroundings, tell: () => void): () => void {
  if (!window || !document) return () => undefined
  let toldAt = Number.NEGATIVE_INFINITY
  const noticed = (): void => {
    if (document.visibilityState !== 'visible') return
    const now = timers.now()
    // A clock that was set back must not silence anybody.
    if (now >= toldAt && now - toldAt < QUIET_MS) return
    toldAt = now
    tell()
  }
  const options = { passive: true, capture: true } as const
  for (const event of EVENTS) window.addEventListener(event, noticed, options)
  document.addEventListener('visibilitychange', noticed)
  return () => {
    for (const event of EVENTS) window.removeEventListener(event, noticed, options)
    document.removeEventListener('visibilitychange', noticed)
  }
}
