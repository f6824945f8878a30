import { isLive, type Session } from './session.ts'
import type { ChosenStatus, Status } from './status.ts'

/** What a user picked: status, message and expiry belong together (R11). */
export interface Choice {
  /** The picked status, or null to follow activity. */
  readonly status: ChosenStatus | null
  readonly message: string | null
  /** Epoch milliseconds after which status and message are void, or null. */
  readonly expiresAt: number | null
  /** Version of the decision; an older one never replaces a newer one. */
  readonly version: number
}

export const NO_CHOICE: Choice = { status: null, message: null, expiresAt: null, version: 0 }

/** The choice as it holds at `now`: expiry counts when reading, too (R11). */
export function currentChoice(choice: Choice, now: number): Choice {
  const expired = choice.expiresAt !== null && choice.expiresAt <= now
  return expired ? { ...NO_CHOICE, version: choice.version } : choice
}

/**
 * Somebody taken for present although the store knows no session of theirs, because it lost all it knew: PostgreSQL says that they
 * are, and their node has until `until` to say so, too (R23). All times are epoch milliseconds.
 */
export interface Presumption {
  /** Whether they were in use, rather than idle. */
  readonly active: boolean
  /** The latest that is known of them: their last seen when nobody speaks up. */
  readonly evidenceAt: number | null
  readonly until: number
}

export interface StatusInput {
  /** Sessions of one user, in any order. Those that are over are ignored. */
  readonly sessions: readonly Session[]
  readonly choice: Choice
  /** Counts like one more session. */
  readonly presumed?: Presumption | null
  /** Milliseconds without activity after which a live session counts as idle. */
  readonly idleAfterMs: number
  /** Epoch milliseconds, passed in so that equal input always gives an equal answer. */
  readonly now: number
}

/**
 * Derives a user's one status (R10): without a live session `offline`, whatever was chosen; then the choice; then
 * `online` while any live session was active within `idleAfterMs`, else `away`.
 */
export function deriveStatus({ sessions, choice, presumed = null, idleAfterMs, now }: StatusInput): Status {
  const live = sessions.filter((session) => isLive(session, now))
  const there = presumed !== null && presumed.until > now
  if (live.length === 0 && !there) return 'offline'
  const chosen = currentChoice(choice, now).status
  if (chosen !== null) return chosen
  const inUse = live.some((session) => now - session.lastActivityAt < idleAfterMs)
  return inUse || (there && presumed.active) ? 'online' : 'away'
}
