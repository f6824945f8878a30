import { PresenceError } from '../domain/errors.ts'

/** Milliseconds that waits for PostgreSQL whoever can be served without it. */
export const WAITS_MS = 2_000

/**
 * Waits for PostgreSQL only so long, since one that hangs answers nobody. What was asked of it may still happen.
 *
 * @throws {PresenceError} STORE_UNAVAILABLE after `ms`
 */
export function inTime<Result>(work: Promise<Result>, ms = WAITS_MS): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = () =>
      new PresenceError('STORE_UNAVAILABLE', 'PostgreSQL did not answer in time.', { retryable: true })
    timer = setTimeout(() => reject(error()), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
