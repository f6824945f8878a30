import type { Locks } from '../surroundings.ts'

/** A lock that is asked for, and held from when it is granted until it is released or its tab dies. */
export interface HeldLock {
  release(): void
}

/**
 * @param granted told when the lock is held, unless it was released before
 * @param failed told when the browser refuses locks here
 */
export function holdLock(locks: Locks, name: string, granted: () => void, failed: () => void): HeldLock {
  const controller = new AbortController()
  let isReleased = false
  let finish = (): void => undefined
  const hold = async (): Promise<void> => {
    if (isReleased) return
    await new Promise<void>((resolve) => {
      finish = resolve
      granted()
    })
  }
  locks.request(name, { signal: controller.signal }, hold).catch(() => {
    if (!isReleased) failed()
  })
  return {
    release() {
      isReleased = true
      finish()
      // Takes back a request that still waits; one that was granted is past it.
      controller.abort()
    },
  }
}
