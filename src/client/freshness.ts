import type { Timers } from './surroundings.ts'

/** How far what is held of a user can be trusted (R45). */
export type Trust = 'fresh' | 'stale' | 'unknown'

/** When what is held of each user turns stale, and when unknown. Nothing ever turns offline by itself. */
export interface Freshness {
  of(userId: string): Trust
  /** The server was asked about these just now: it has the usual time to answer. */
  await(userIds: readonly string[]): void
  vouch(userIds: readonly string[]): void
  /** A plain read said something just now: as good as new, but while contact is lost it ages like everything. */
  touch(userId: string): void
  /**
   * The server is there again. Those who are asked about stay in doubt until they are vouched for; of the others the last
   * word counts, as it did before.
   *
   * @returns the others that were in doubt
   */
  accepted(asked: ReadonlySet<string>): readonly string[]
  /** @param since epoch milliseconds */
  lost(userIds: Iterable<string>, since: number): void
  /** As `lost`, but nobody tries to come back: what is read from now on does not age. */
  closed(userIds: Iterable<string>): void
  /** The server itself is not sure: stale at once. */
  doubt(userIds: readonly string[]): void
  forget(userId: string): void
}

/** Epoch milliseconds. Users without one are vouched for. */
interface Decay {
  readonly staleAt: number
  readonly unknownAt: number
}

/**
 * @param limits milliseconds
 * @param decayed told of those whose trust just fell by the passing of time
 */
export function createFreshness(
  timers: Timers,
  limits: { overdueAfterMs: number; staleAfterMs: number },
  decayed: (userIds: readonly string[]) => void,
): Freshness {
  const decays = new Map<string, Decay>()
  let stopTimer: (() => void) | null = null
  let timerAt = Number.POSITIVE_INFINITY
  /** Without a connection that is wanted there is no promise of news that time could break. */
  let contact: 'none' | 'lost' | 'there' = 'none'

  const from = (since: number, atOnce = false): Decay => ({
    staleAt: atOnce ? since : since + limits.overdueAfterMs,
    unknownAt: since + limits.staleAfterMs,
  })

  /** Who was in doubt before stays so: only an answer starts the time anew. */
  const begin = (userId: string, { staleAt, unknownAt }: Decay): void => {
    const held = decays.get(userId)
    const next = held
      ? { staleAt: Math.min(held.staleAt, staleAt), unknownAt: Math.min(held.unknownAt, unknownAt) }
      : { staleAt, unknownAt }
    decays.set(userId, next)
    schedule(next, timers.now())
  }

  const schedule = ({ staleAt, unknownAt }: Decay, now: number): void => {
    const at = staleAt > now ? staleAt : unknownAt
    if (at <= now || at >= timerAt) return
    stopTimer?.()
    timerAt = at
    stopTimer = timers.after(at - now, pass)
  }

  const pass = (): void => {
    const before = timerAt
    stopTimer = null
    timerAt = Number.POSITIVE_INFINITY
    const now = timers.now()
    const fallen: string[] = []
    for (const [userId, decay] of decays) {
      if (isBetween(decay.staleAt, before, now) || isBetween(decay.unknownAt, before, now)) fallen.push(userId)
      schedule(decay, now)
    }
    decayed(fallen)
  }

  return {
    of(userId) {
      const decay = decays.get(userId)
      const now = timers.now()
      if (!decay || now < decay.staleAt) return 'fresh'
      return now < decay.unknownAt ? 'stale' : 'unknown'
    },
    await(userIds) {
      if (contact === 'none') return
      const decay = from(timers.now())
      for (const userId of userIds) begin(userId, decay)
    },
    vouch(userIds) {
      for (const userId of userIds) decays.delete(userId)
    },
    touch(userId) {
      decays.delete(userId)
      if (contact === 'lost') begin(userId, from(timers.now()))
    },
    accepted(asked) {
      contact = 'there'
      const others = Array.from(decays.keys()).filter((userId) => !asked.has(userId))
      for (const userId of others) decays.delete(userId)
      return others
    },
    lost(userIds, since) {
      contact = 'lost'
      const decay = from(since)
      for (const userId of userIds) begin(userId, decay)
    },
    closed(userIds) {
      contact = 'none'
      const decay = from(timers.now())
      for (const userId of userIds) begin(userId, decay)
    },
    doubt(userIds) {
      const decay = from(timers.now(), true)
      for (const userId of userIds) begin(userId, decay)
    },
    forget: (userId) => void decays.delete(userId),
  }
}

const isBetween = (at: number, from: number, to: number): boolean => at >= from && at <= to
