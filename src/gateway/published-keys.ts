import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { PresenceError } from '../domain/errors.ts'

/** Milliseconds after which keys are read again, beside the tokens that need them: a key that was withdrawn is out by then. */
const REFRESH_MS = 600_000
/** Milliseconds between two readings, whatever keys tokens name: whoever makes some up must not make us ask for them all the time. */
const COOLDOWN_MS = 10_000
/** Milliseconds for which known keys go on being used while nobody answers; nobody knows by then which were withdrawn. */
const KNOWN_MS = 24 * 3_600_000
/** Longest wait for an answer, in milliseconds. */
const ANSWER_MS = 5_000

/**
 * The keys published at an address, as jose reads them. Tokens never wait for a key that is known: keys are read anew in passing, and
 * what is known goes on being used while they cannot be (R50). A key that is not known is looked for at once.
 *
 * @returns a finder that throws {@link PresenceError} STORE_UNAVAILABLE for a key that may be too new to be known here
 */
export function publishedKeys(url: URL): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, {
    cacheMaxAge: KNOWN_MS,
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: ANSWER_MS,
  })
  let refreshAt = Date.now() + REFRESH_MS

  /** Nobody waits for it. What fails is tried again after a pause. */
  function refresh(): void {
    if (Date.now() < refreshAt || keys.reloading) return
    refreshAt = Date.now() + REFRESH_MS
    keys.reload().catch(() => {
      refreshAt = Date.now() + COOLDOWN_MS
    })
  }

  return async (header, token) => {
    const askedLately = keys.coolingDown
    if (keys.jwks()) refresh()
    try {
      return await keys(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && askedLately) throw perhapsTooNew()
      throw error
    }
  }
}

const perhapsTooNew = (): PresenceError =>
  new PresenceError(
    'STORE_UNAVAILABLE',
    'The key of this token is not known yet; keys are read again in some seconds.',
    {
      retryable: true,
    },
  )
