/** How often what is due is done, in milliseconds. */
const TURN_MS = 5

/** Lets users be active in turn, at a pace, inside a server: no request of a client is part of what it costs. */
export function createActivities(act: (userId: string) => Promise<unknown>) {
  const underWay = new Set<Promise<unknown>>()
  let timer: NodeJS.Timeout | undefined
  let made = 0
  let failed = 0

  function actOnce(userId: string): void {
    const acting: Promise<unknown> = act(userId)
      .catch(() => failed++)
      .finally(() => underWay.delete(acting))
    underWay.add(acting)
  }

  return {
    start(users: readonly string[], perSecond: number): void {
      const since = performance.now()
      made = failed = 0
      timer = setInterval(() => {
        const due = Math.floor(((performance.now() - since) * perSecond) / 1_000)
        while (made < due) actOnce(users[made++ % users.length] ?? '')
      }, TURN_MS)
    },
    async stop(): Promise<number> {
      clearInterval(timer)
      while (underWay.size > 0) await Promise.all(underWay)
      if (failed > 0) throw new Error(`${failed} of ${made} activities failed`)
      return made
    },
  }
}
