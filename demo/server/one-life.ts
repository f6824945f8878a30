/** What only one of many processes may do, while it holds a lock. */
export interface OneLifeOptions {
  /** Null while another process has the lock. May throw: it is tried again. */
  readonly tryLock: () => Promise<{ release(): Promise<void> } | null>
  readonly start: () => Promise<{ stop(): Promise<void> }>
  /** Milliseconds between two attempts. @default 5_000 */
  readonly everyMs?: number
}

/** Lets the street live in one of many processes: in another one as soon as this one is gone. */
export function startOneLife({ tryLock, start, everyMs = 5_000 }: OneLifeOptions): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let undo: () => Promise<void> = async () => {}
  let attempt = tryOnce()

  function again(): void {
    attempt = tryOnce()
  }

  async function tryOnce(): Promise<void> {
    const lock = await tryLock().catch(() => null)
    if (lock === null) {
      if (!stopped) timer = setTimeout(again, everyMs).unref()
      return
    }
    const life = await start()
    undo = async () => {
      await life.stop()
      await lock.release()
    }
  }

  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await attempt
      await undo()
    },
  }
}
