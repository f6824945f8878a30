/**
 * A request that failed. `code` is the server's (docs/errors.md), or one of our own: `NOT_CONNECTED` when it could not be
 * reached, `NO_ANSWER` when it stayed silent, `HTTP_<status>` when somebody else answered in its place.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** The HTTP status; 0 when there was no answer, or none over HTTP. */
  readonly status: number

  constructor(code: string, message: string, options: { retryable: boolean; status?: number; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryable = options.retryable
    this.status = options.status ?? 0
  }
}

/** What the server refused over a connection, as every other failure is told. */
export const refusedAs = (error: Pick<RequestError, 'code' | 'message' | 'retryable'>): RequestError =>
  new RequestError(error.code, error.message, error)
