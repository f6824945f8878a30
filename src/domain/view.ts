import { coarsely } from './coarse.ts'
import { isPresent, type Status } from './status.ts'
import type { Allowance } from './visibility.ts'

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
  const step = next.lastSeenAt - previous.lastSeenAt
  // It steps back where it is coarse from now on.
  const isSmall = isPresent(next.status) && step >= 0 && step < activityFlushMs
  return isSmall ? previous.lastSeenAt : next.lastSeenAt
}

/** Whether a viewer can see no difference; a version alone may grow without one (R14, R23). */
export const looksSame = (a: Omit<View, 'version'>, b: Omit<View, 'version'>): boolean =>
  a.status === b.status && a.lastSeenAt === b.lastSeenAt && a.message === b.message

/** What is left of a view for an audience that may know that much, under a version above it if anything is taken away. */
export function narrowed(view: View, access: Allowance, version: number): View {
  const words = {
    status: access.status ? view.status : 'offline',
    lastSeenAt: access.lastSeen ? inBucket(view.lastSeenAt, access) : null,
    message: access.status ? view.message : null,
  } as const
  const same = words.status === view.status && words.lastSeenAt === view.lastSeenAt && words.message === view.message
  return same ? view : { ...words, version: Math.max(view.version + 1, version) }
}

/** A moment as an audience is told it: coarse where the user wants that. */
export const inBucket = (at: number | null, { coarse }: Pick<Allowance, 'coarse'>): number | null =>
  at !== null && coarse ? coarsely(at) : at
