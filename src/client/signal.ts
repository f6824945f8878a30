import type { Readable } from './contract.ts'

/** A value that its owner sets and others read. */
export interface Signal<Value> extends Readable<Value> {
  /** Tells those who listen, unless it is the same value. */
  set(value: Value): void
}

export function createSignal<Value>(initial: Value): Signal<Value> {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of Array.from(listeners)) listener()
    },
    subscribe(listener) {
      // A wrapper of its own, so that the same function given twice is told twice and taken away once.
      const entry = (): void => listener()
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
  }
}
