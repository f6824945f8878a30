import type { Locks } from '../surroundings.ts'

/** A lock that is asked for, and held from when it is granted until it is released, taken away, or its tab dies. */
export interface HeldLock {
  release(): void
}

export interface LockListener {
  /** The lock is held, unless it was released before. */
  granted(): void
  /** The browser refuses locks here. */
  failed(): void
  /** Another tab has taken it by force, perhaps before it was told to be held. Left out: as `failed`. */
  stolen?(): void
}

/** @param how `take`: from whoever holds it, at once, instead of queueing for it */
export function holdLock(
  locks: Locks,
  name: string,
  listener: LockListener,
  how: 'queue' | 'take' = 'queue',
): HeldLock {
  const controller = new AbortController()
  let isReleased = false
  let isOver = false
  let finish = (): void => undefined
  const hold = async (): Promise<void> => {
    if (isReleased || isOver) return
    await new Promise<void>((resolve) => {
      finish = resolve
      listener.granted()
    })
  }
  // What takes does not wait, so the platform allows it no signal.
  const options = how === 'take' ? { steal: true } : { signal: controller.signal }
  locks.request(name, options, hold).catch((error: unknown) => {
    if (isReleased) return
    isOver = true
    finish()
    // We did not abort it, so somebody took it.
    if (listener.stolen && isAbort(error)) listener.stolen()
    else listener.failed()
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

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError'
