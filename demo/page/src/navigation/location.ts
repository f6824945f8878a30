import { useSyncExternalStore } from 'react'

/** Where the page is, as one string: path and query. */
const listeners = new Set<() => void>()

const read = (): string => window.location.pathname + window.location.search

const tell = (): void => {
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}

/** Goes to another place in this page, as a step that Back undoes. */
export function navigate(to: string): void {
  if (to === read()) return
  window.history.replaceState({ scrollY: window.scrollY }, '')
  window.history.pushState(null, '', to)
  tell()
}

/** Changes the address without a step in the history: for filters, and for cleaning up after ourselves. */
export function replaceAddress(to: string): void {
  if (to === read()) return
  window.history.replaceState(window.history.state, '', to)
  tell()
}

export const useAddress = (): string => useSyncExternalStore(subscribe, read)

/** How far the place we came back to had been scrolled; 0 for a new place. */
export function rememberedScroll(): number {
  const state: unknown = window.history.state
  return typeof state === 'object' && state !== null && 'scrollY' in state ? Number(state.scrollY) || 0 : 0
}
