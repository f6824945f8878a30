import { PresenceError } from './errors.ts'

/** Longest custom message, in Unicode code points (R15). */
export const MAX_MESSAGE_LENGTH = 100

// Controls could break a page or a log line; bidi embeddings, overrides and isolates can make text read as something
// else (UAX #9); a lone surrogate is not text and PostgreSQL refuses it.
const FORBIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u

/**
 * The message as it is stored: trimmed, null when empty (R15).
 *
 * @throws {PresenceError} INVALID_MESSAGE
 */
export function normalizeMessage(raw: string | null): string | null {
  const message = raw?.trim() ?? ''
  if (message === '') return null
  if (FORBIDDEN.test(message)) {
    throw new PresenceError('INVALID_MESSAGE', 'A message cannot contain control or text-direction characters.')
  }
  const length = Array.from(message).length
  if (length > MAX_MESSAGE_LENGTH) {
    throw new PresenceError(
      'INVALID_MESSAGE',
      `A message has at most ${MAX_MESSAGE_LENGTH} characters, this one has ${length}.`,
    )
  }
  return message
}
