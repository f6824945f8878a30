import { setTimeout as sleep } from 'node:timers/promises'

/** Does something at an even pace and keeps to it: what one turn was late for, the next one makes up. */
export function createPacer(act: (n: number) => void): (perSecond: number, forMs: number) => Promise<number> {
  return async (perSecond, forMs) => {
    const since = performance.now()
    const all = Math.floor((perSecond * forMs) / 1_000)
    let done = 0
    while (done < all) {
      const due = Math.min(all, Math.floor(((performance.now() - since) * perSecond) / 1_000))
      while (done < due) act(done++)
      if (done < all) await sleep(1)
    }
    return done
  }
}
