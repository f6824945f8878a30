import { useCallback, useSyncExternalStore } from 'react'
import type { Readable } from '../client/contract.ts'

/** A store's value, and another rendering when it changes. @param onServer the same object every time */
export function useReadable<Value>(readable: Readable<Value>, onServer: Value): Value {
  const subscribe = useCallback((listener: () => void) => readable.subscribe(listener), [readable])
  return useSyncExternalStore(
    subscribe,
    () => readable.get(),
    () => onServer,
  )
}
