import type { Relisting, SharedHotStore } from '../store/contract.ts'

/** Hears whom the directory describes otherwise now; null: so many that they are not named. */
export type RelistingListener = (changed: readonly Relisting[] | null) => void

/** News of the directory, at this node and at others. */
export interface Relistings {
  tell(changed: readonly Relisting[]): void
  /** @returns stops hearing */
  listen(listener: RelistingListener): () => void
}

/** Brings news of the directory to whoever holds what searches found, on all nodes. Nobody waits for other nodes. */
export function createRelistings(shared: SharedHotStore | null): Relistings {
  const listeners = new Set<RelistingListener>()
  return {
    tell(changed) {
      if (changed.length === 0) return
      for (const listener of listeners) listener(changed)
      // Without a word they find out from time to time (R46).
      shared?.tellRelisted(changed).catch(() => {})
    },
    listen(listener) {
      listeners.add(listener)
      const stop = shared?.onRelisted(listener)
      return () => {
        listeners.delete(listener)
        stop?.()
      }
    },
  }
}
