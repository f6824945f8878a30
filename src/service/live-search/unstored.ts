import type { Listing } from '../../store/contract.ts'
import { backoffMs, type Pace } from './pace.ts'

export interface UnstoredParts {
  readonly pace: Pace
  listings(userIds: readonly string[]): Promise<Map<string, Listing>>
  /** A search finds this user as they are by now. @param urgent something of theirs is taken back */
  onStored(listing: Listing, urgent: boolean): void
  /** So many changed that looking at each costs more than computing everything. */
  onOverflow(): void
  onFailure(error: unknown): void
  /** It wants to look by then, in milliseconds of the clock. */
  wake(at: number): void
  /** Milliseconds that never step back. */
  clock(): number
}

/**
 * Whoever changed and whom searches may not find so yet: the durable store is behind by the projection. It is asked for all of them at
 * once, and again for those it is behind with.
 */
export interface Unstored {
  add(userId: string, version: number, urgent: boolean): void
  /** Whether there is anybody to look for. What was added a moment before counts, too: a first search may be behind with it. */
  activate(isWanted: boolean): void
  /** When to look, in milliseconds of the clock. */
  lookAt(): number
  look(): Promise<void>
}

interface Waiting {
  readonly version: number
  readonly urgent: boolean
  /** Milliseconds of the clock after which nobody waits any more: what is computed anew from time to time finds it. */
  until: number
}

const PATIENCE_MS = 5_000
/** Users asked for in one statement. */
const BATCH = 2_000
const MOST = 20_000

export function createUnstored({ pace, clock, ...parts }: UnstoredParts): Unstored {
  const waiting = new Map<string, Waiting>()
  let isActive = false
  let lookAt = Number.POSITIVE_INFINITY
  let isLooking = false
  let failures = 0

  function lookWithin(ms: number): void {
    lookAt = Math.min(lookAt, clock() + ms)
    parts.wake(lookAt)
  }

  /** While nobody looks, those who are stored by now are let go of: they are first in the queue. */
  function forgetOld(): void {
    for (const [userId, { until }] of waiting) {
      if (until > clock() && waiting.size <= MOST) return
      waiting.delete(userId)
    }
  }

  function settle(userId: string, asked: Waiting, listing: Listing | undefined): void {
    // What was heard meanwhile has a turn of its own.
    if (waiting.get(userId) !== asked) return
    // Whoever is no provider changes no search.
    if (listing && listing.version < asked.version && clock() < asked.until) return
    waiting.delete(userId)
    if (listing) parts.onStored(listing, asked.urgent)
  }

  async function look(): Promise<void> {
    isLooking = true
    const asked = [...waiting].slice(0, BATCH)
    let pauseMs = pace.lookEveryMs
    try {
      const listings = await parts.listings(asked.map(([userId]) => userId))
      for (const [userId, one] of asked) settle(userId, one, listings.get(userId))
      failures = 0
    } catch (error) {
      failures += 1
      if (failures === 1) parts.onFailure(error)
      pauseMs = backoffMs(failures)
      // Nothing is stored while it is away either: waiting begins anew with the next look.
      for (const one of waiting.values()) one.until = clock() + pauseMs + PATIENCE_MS
    } finally {
      isLooking = false
      lookAt = waiting.size === 0 || !isActive ? Number.POSITIVE_INFINITY : clock() + pauseMs
    }
  }

  return {
    look,
    lookAt: () => (isLooking ? Number.POSITIVE_INFINITY : lookAt),
    activate(isWanted) {
      isActive = isWanted
      if (isActive && waiting.size > 0) lookWithin(pace.lookEveryMs)
      if (!isActive) lookAt = Number.POSITIVE_INFINITY
    },
    add(userId, version, urgent) {
      // Last in the queue, so that those who are waited for long do not keep others from being looked at.
      const before = waiting.get(userId)
      waiting.delete(userId)
      waiting.set(userId, {
        // News of other nodes may come late.
        version: Math.max(version, before?.version ?? 0),
        urgent: urgent || before?.urgent === true,
        until: clock() + PATIENCE_MS,
      })
      if (!isActive) {
        forgetOld()
        return
      }
      if (waiting.size > MOST) {
        waiting.clear()
        parts.onOverflow()
      }
      if (failures === 0) lookWithin(urgent ? 0 : pace.lookEveryMs)
    },
  }
}
