import { PresenceError } from './errors.ts'

/** Why somebody may not be here, as the host said it. */
export const BARS = ['BANNED', 'USER_DELETED'] as const
export type Bar = (typeof BARS)[number]

/** Whether a user may be here at all, and with which tokens. It is the host's to say, never the user's. */
export interface Access {
  readonly bar: Bar | null
  /** Version of the word about the bar: an older one never replaces a newer one. */
  readonly version: number
  /** Epoch milliseconds: tokens issued before are not accepted any more. It only grows. Null: all are. */
  readonly tokensSince: number | null
}

/** Of everybody about whom nothing was said. */
export const OPEN_ACCESS: Access = { bar: null, version: 0, tokensSince: null }

/** The newer word about each; `held` itself when `said` tells nothing new. */
export function mergeAccess(held: Access, said: Access): Access {
  const { bar, version } = said.version > held.version ? said : held
  const revokes = (said.tokensSince ?? 0) > (held.tokensSince ?? 0)
  if (version === held.version && !revokes) return held
  return { bar, version, tokensSince: revokes ? said.tokensSince : held.tokensSince }
}

/** When something was said last, in microseconds of the store's clock. */
export const saidAt = ({ version, tokensSince }: Access): number =>
  Math.max(version, Math.floor((tokensSince ?? 0) * 1000))

/**
 * Lets a user in, or says why not (R61).
 *
 * @param issuedAt when the token was issued, in epoch milliseconds; null: not known, which is too early once tokens were revoked.
 *   Undefined: nobody brought a token
 * @throws {PresenceError} BANNED, USER_NOT_FOUND, UNAUTHENTICATED
 */
export function admit({ bar, tokensSince }: Access, issuedAt?: number | null): void {
  if (bar === 'BANNED') throw new PresenceError('BANNED', 'This account may not be used here.')
  if (bar === 'USER_DELETED') throw new PresenceError('USER_NOT_FOUND', 'There is no such user.')
  if (tokensSince === null || issuedAt === undefined) return
  if (issuedAt === null || issuedAt < tokensSince) {
    throw new PresenceError('UNAUTHENTICATED', 'This token was revoked. Sign in again.')
  }
}
