/** Noon on the first day of 2030: a moment that no test meets by itself. */
const START = Date.UTC(2030, 0, 1, 12)

/** What goes by a fake clock and has to keep up with it. */
export interface ClockFollower {
  /** Epoch milliseconds at which something falls due next, or null. */
  nextDeadline(): Promise<number | null>
  /** Does what has fallen due. Resolves when all that follows has happened. */
  settle(): Promise<void>
}

/** A clock that stands still until a test moves it. */
export interface FakeClock {
  /** Epoch milliseconds. Needs no `this`: pass it to your own code, which then goes by the same time. */
  now(): number
  /**
   * Moves time forward. What falls due on the way happens at its own moment and in order: an idle user is away before they are
   * offline. Resolves when all that follows has been announced; nothing sleeps meanwhile.
   *
   * @param ms milliseconds, zero or more. Zero waits for what is under way.
   * @throws {RangeError} when time would move back
   */
  advance(ms: number): Promise<void>
  /** Lets something keep up with this clock. @returns lets it go */
  follow(follower: ClockFollower): () => void
}

/** @param start epoch milliseconds. @default noon of 1 January 2030, UTC */
export function fakeClock(start: number = START): FakeClock {
  const followers = new Set<ClockFollower>()
  let now = start
  let moving: Promise<void> = Promise.resolve()

  const settle = async (): Promise<void> => {
    for (const follower of followers) await follower.settle()
  }

  /** The earliest deadline ahead. What is due already and stays so after settling would stay so for ever. */
  async function nextMoment(): Promise<number> {
    const deadlines = await Promise.all(Array.from(followers, (follower) => follower.nextDeadline()))
    return Math.min(...deadlines.filter((at) => at !== null && at > now).map(Number))
  }

  async function move(ms: number): Promise<void> {
    const until = now + ms
    await settle()
    for (let next = await nextMoment(); next <= until; next = await nextMoment()) {
      now = next
      await settle()
    }
    if (now === until) return
    now = until
    await settle()
  }

  return {
    now: () => now,
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`Time moves forward only, not by ${ms} ms.`)
      const before = moving
      const mine = before.then(() => move(ms))
      moving = mine.catch(() => {})
      return mine
    },
    follow(follower) {
      followers.add(follower)
      return () => void followers.delete(follower)
    },
  }
}
