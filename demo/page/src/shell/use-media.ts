import { useCallback, useSyncExternalStore } from 'react'

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = window.matchMedia(query)
      list.addEventListener('change', listener)
      return () => list.removeEventListener('change', listener)
    },
    [query],
  )
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches)
}

/** Wide enough for the filters to stand beside the list. The style sheets use the same width. */
export const WIDE = '(min-width: 900px)'

/** The system asks for stillness. */
export const REDUCED_MOTION = '(prefers-reduced-motion: reduce)'
