/** Every failure this system names. `docs/errors.md` explains each; a test keeps the two lists equal. */
export const PRESENCE_ERROR_CODES = [
  'INVALID_OPTION',
  'INVALID_ID',
  'INVALID_STATUS',
  'INVALID_MESSAGE',
  'INVALID_EXPIRY',
  'INVALID_QUERY',
  'INVALID_CURSOR',
  'INVALID_PAYLOAD',
  'UNAUTHENTICATED',
  'BANNED',
  'USER_NOT_FOUND',
  'SESSION_NOT_FOUND',
  'NOT_FOUND',
  'MESSAGE_REJECTED',
  'LIMIT_EXCEEDED',
  'PAYLOAD_TOO_LARGE',
  'RATE_LIMITED',
  'TOO_SLOW',
  'FORBIDDEN',
  'SWITCHED_OFF',
  'NOT_DURABLE',
  'STORE_UNAVAILABLE',
  'ALREADY_RUNNING',
  'INCOMPATIBLE_NODES',
  'SCHEMA_CONFLICT',
  'INTERNAL',
] as const
export type PresenceErrorCode = (typeof PRESENCE_ERROR_CODES)[number]

/**
 * A failure a caller can act on. Anything else that is thrown is a bug and travels on unchanged.
 * `retryable` says whether the same call may succeed later, `retryAfterMs` when, if that is known; `cause` keeps the first error.
 */
export class PresenceError extends Error {
  override readonly name = 'PresenceError'
  readonly code: PresenceErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | null

  constructor(
    code: PresenceErrorCode,
    message: string,
    options: { retryable?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}
