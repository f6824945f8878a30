import { useSyncExternalStore } from 'react'

const QUERY = '(prefers-color-scheme: dark)'

const subscribe = (listener: () => void): (() => void) => {
  const list = window.matchMedia(QUERY)
  list.addEventListener('change', listener)
  return () => list.removeEventListener('change', listener)
}

/** Whether the system is dark: what is drawn on a canvas has to be drawn anew. */
export const useDark = (): boolean => useSyncExternalStore(subscribe, () => window.matchMedia(QUERY).matches)
