/** Those who want to hear of something. */
export interface Listeners<Told> {
  /** @returns stops hearing */
  add(listener: (told: Told) => void): () => void
  tell(told: Told): void
  clear(): void
}

export function createListeners<Told>(): Listeners<Told> {
  const listeners = new Set<(told: Told) => void>()
  return {
    add: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell: (told) => {
      for (const listener of listeners) listener(told)
    },
    clear: () => listeners.clear(),
  }
}
