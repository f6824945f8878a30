import { PresenceError, type PresenceErrorCode } from '../domain/errors.ts'
import type { Log } from './log.ts'

/** What the outside is told of a failure. */
export interface Explanation {
  readonly code: PresenceErrorCode
  readonly message: string
  readonly retryable: boolean
}

/** When to try again, for a failure that knows. */
export const retryAfterMs = (error: unknown): number | null =>
  error instanceof PresenceError ? error.retryAfterMs : null

/**
 * Words a failure for the outside (R52). A failure that we named keeps its sentence; anything else is a bug: it is
 * logged here and says nothing about itself.
 */
export function explainError(error: unknown, log: Log): Explanation {
  if (error instanceof PresenceError && error.code !== 'INTERNAL') {
    return { code: error.code, message: error.message, retryable: error.retryable }
  }
  log.error({ err: error }, 'a call failed in a way that nobody foresaw')
  return { code: 'INTERNAL', message: 'Something went wrong on our side.', retryable: false }
}
