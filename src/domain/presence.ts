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

export interface StatusInput {
  /** Sessions of one user, in any order. Those that are over are ignored. */
  readonly sessions: readonly Session[]
  readonly choice: Choice
  /** Milliseconds without activity after which a live session counts as idle. */
  readonly idleAfterMs: number
  /** Epoch milliseconds, passed in so that equal input always gives an equal answer. */
  readonly now: number
}

/**
 * Derives a user's one status (R10): without a live session `offline`, whatever was chosen; then the choice; then
 * `online` while any live session was active within `idleAfterMs`, else `away`.
 */
export function deriveStatus({ sessions, choice, idleAfterMs, now }: StatusInput): Status {
  const live = sessions.filter((session) => isLive(session, now))
  if (live.length === 0) return 'offline'
  const chosen = currentChoice(choice, now).status
  if (chosen !== null) return chosen
  return live.some((session) => now - session.lastActivityAt < idleAfterMs) ? 'online' : 'away'
}
