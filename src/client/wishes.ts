/** Whom the page asks for, counted: somebody is watched as long as one wish for them lasts. */
export interface Wishes {
  /** @returns ends this wish; calling it again does nothing */
  add(userIds: readonly string[]): () => void
  /** Everybody wished for, oldest wish first. */
  all(): ReadonlySet<string>
}

/** @param changed told once for all that changed in one go, and only when the whole set is another */
export function createWishes(changed: (userIds: ReadonlySet<string>) => void): Wishes {
  const counts = new Map<string, number>()
  let told: ReadonlySet<string> = new Set()
  let isDue = false

  const all = (): ReadonlySet<string> => new Set(counts.keys())

  const soon = (): void => {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      isDue = false
      const now = all()
      if (now.size === told.size && Array.from(now).every((userId) => told.has(userId))) return
      told = now
      changed(now)
    })
  }

  const count = (userId: string, by: 1 | -1): void => {
    const next = (counts.get(userId) ?? 0) + by
    if (next > 0) counts.set(userId, next)
    else counts.delete(userId)
  }

  return {
    all,
    add(userIds) {
      let wished = Array.from(userIds)
      for (const userId of wished) count(userId, 1)
      soon()
      return () => {
        for (const userId of wished) count(userId, -1)
        wished = []
        soon()
      }
    },
  }
}
