import TinyQueue from 'tinyqueue'

interface Due {
  readonly at: number
  readonly userId: string
}

/** Of the same moment by id: a heap leaves them in an order that depends on who else waits in it, which is nobody's to know (R31). */
const queueOf = (due: Due[]) =>
  new TinyQueue<Due>(due, (a, b) => a.at - b.at || (a.userId === b.userId ? 0 : a.userId < b.userId ? -1 : 1))

/** Deadlines of users, each handed out once until it is set anew (R4). Moments are epoch milliseconds. */
export interface DeadlineQueue {
  /** A user's deadline is this one now. @param moved whether it was another one before */
  set(userId: string, at: number | null, moved: boolean): void
  /** Users whose deadline has passed, earliest first. */
  take(now: number, limit: number): string[]
  /** The earliest, or null. */
  next(): number | null
}

/** What the queue is about: whoever keeps the deadlines themselves. */
export interface Deadlines {
  readonly size: number
  of(userId: string): number | null | undefined
  all(): Iterable<readonly [userId: string, at: number | null]>
}

export function createDeadlineQueue(deadlines: Deadlines): DeadlineQueue {
  /** Users handed out as due and not set since. */
  const taken = new Set<string>()
  // Entries of deadlines that moved stay in the queue and are skipped when they surface.
  let queue = queueOf([])

  const isStale = (due: Due): boolean => deadlines.of(due.userId) !== due.at

  function dropMoved(): void {
    const due = [...deadlines.all()].flatMap(([userId, at]) =>
      at === null || taken.has(userId) ? [] : [{ at, userId }],
    )
    queue = queueOf(due)
  }

  return {
    set(userId, at, moved) {
      // What was handed out is no longer in the queue, even when its deadline stays, as after a clock that stepped back.
      const wasTaken = taken.delete(userId)
      if (at === null || !(wasTaken || moved)) return
      queue.push({ at, userId })
      if (queue.length > 2 * deadlines.size + 1_000) dropMoved()
    },
    take(now, limit) {
      const users: string[] = []
      while (users.length < limit) {
        const due = queue.peek()
        if (due === undefined || due.at > now) break
        queue.pop()
        if (isStale(due) || taken.has(due.userId)) continue
        taken.add(due.userId)
        users.push(due.userId)
      }
      return users
    },
    next() {
      for (let due = queue.peek(); due !== undefined; due = queue.peek()) {
        if (!isStale(due)) return due.at
        queue.pop()
      }
      return null
    },
  }
}
