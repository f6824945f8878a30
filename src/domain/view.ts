import { isPresent, type Status } from './status.ts'

/** What one audience may be told of a user, with a version that moves only when this audience's view moves (R31). */
export interface View {
  readonly status: Status
  /** Epoch milliseconds, or null when it is not known. */
  readonly lastSeenAt: number | null
  readonly message: string | null
  readonly version: number
}

/** Somebody nobody ever saw; and exactly what a hidden user looks like to others (R30). */
export const UNSEEN: Omit<View, 'version'> = { status: 'offline', lastSeenAt: null, message: null }

/**
 * The view that follows `previous`. It is `previous` itself when nothing changed that is worth an event (R14): while
 * somebody is present, last seen moves in steps of at least `activityFlushMs` (R13).
 */
export function nextView(
  previous: View,
  next: Omit<View, 'version'>,
  { version, activityFlushMs }: { version: number; activityFlushMs: number },
): View {
  const lastSeenAt = forward(previous, next, activityFlushMs)
  const unchanged =
    previous.status === next.status && previous.message === next.message && previous.lastSeenAt === lastSeenAt
  // Spelled out: a copy of a view that grew by a field would take twice the memory, and there are two of them a user.
  return unchanged ? previous : { status: next.status, lastSeenAt, message: next.message, version }
}

function forward(previous: View, next: Omit<View, 'version'>, activityFlushMs: number): number | null {
  if (next.lastSeenAt === null || previous.lastSeenAt === null) return next.lastSeenAt
  const coarse = isPresent(next.status) && next.lastSeenAt - previous.lastSeenAt < activityFlushMs
  return coarse ? previous.lastSeenAt : next.lastSeenAt
}
