/**
 * Which list to send, when the server may refuse one for a single id or for its length. It refuses lists as a whole, so
 * that somebody who wishes for one user too many would see nobody: the list that it took last is kept, and what came since
 * is tried in halves until what it does not take stands alone.
 */
export interface WatchList {
  /** The next list, oldest wishes first, leaving out what was refused. */
  next(wanted: ReadonlySet<string>): string[]
  accepted(list: readonly string[]): void
  /**
   * @param full the list was too long, so that nothing can be added
   * @returns whether something is now left out, rather than tried in smaller parts
   */
  refused(list: readonly string[], full: boolean): boolean
}

export function createWatchList(): WatchList {
  let taken = new Set<string>()
  let capacity = Number.POSITIVE_INFINITY
  /** How many new ones are tried at once. */
  let step = Number.POSITIVE_INFINITY
  const leftOut = new Set<string>()

  return {
    next(wanted) {
      for (const userId of leftOut) if (!wanted.has(userId)) leftOut.delete(userId)
      const kept = Array.from(taken).filter((userId) => wanted.has(userId))
      const fresh = Array.from(wanted).filter((userId) => !taken.has(userId) && !leftOut.has(userId))
      if (fresh.length === 0) step = Number.POSITIVE_INFINITY
      return [...kept, ...fresh.slice(0, Math.min(step, Math.max(0, capacity - kept.length)))]
    },
    accepted(list) {
      taken = new Set(list)
    },
    refused(list, full) {
      const added = list.filter((userId) => !taken.has(userId))
      if (added.length === 0) {
        // What was taken once is not any more: the server came back with other limits.
        taken = new Set()
        capacity = Number.POSITIVE_INFINITY
      }
      if (added.length !== 1) {
        step = Math.max(1, Math.ceil((added.length || list.length) / 2))
        return false
      }
      if (full) capacity = taken.size
      else for (const userId of added) leftOut.add(userId)
      return true
    },
  }
}
