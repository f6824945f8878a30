import { createRemoteJWKSet, errors, type JWTVerifyResult, jwtVerify, SignJWT } from 'jose'
import { PresenceError } from '../domain/errors.ts'
import { type UserIdCodec, uuidIds } from '../domain/user-id.ts'

export interface TokenOptions {
  /** The shared secret of HS256 tokens. */
  readonly secret?: string
  /** Where the public keys of RS256, ES256 or EdDSA tokens are published. */
  readonly jwksUrl?: string
  /** How user ids look in `sub`. @default uuidIds */
  readonly codec?: UserIdCodec
}

/** Checks tokens, and with a secret makes them. */
export interface Tokens {
  /**
   * The user whom a token names, in canonical form.
   *
   * @throws {PresenceError} UNAUTHENTICATED, or STORE_UNAVAILABLE while published keys cannot be read
   */
  verify(token: string): Promise<{ userId: string }>
  /** @param options.expiresIn seconds, or a span such as `2h`. @default '12h' */
  sign?(userId: string, options?: { expiresIn?: number | string }): Promise<string>
}

const PUBLISHED_ALGORITHMS = ['RS256', 'ES256', 'EdDSA']

/**
 * The token check of the standalone server: one secret, or one set of published keys. Algorithms are pinned to the kind of
 * key, so that a token cannot choose how it is checked.
 *
 * @throws {PresenceError} INVALID_OPTION when there is neither or both
 */
export function createTokens({ secret, jwksUrl, codec = uuidIds }: TokenOptions): Tokens {
  if (secret !== undefined && secret !== '' && jwksUrl === undefined) return sharedSecretTokens(secret, codec)
  if (jwksUrl !== undefined && secret === undefined) return publishedKeyTokens(jwksUrl, codec)
  throw new PresenceError('INVALID_OPTION', 'Tokens need either JWT_SECRET or JWKS_URL, and not both.')
}

function sharedSecretTokens(secret: string, codec: UserIdCodec): Tokens {
  // Imported once: otherwise every connection of a storm pays for it again.
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = crypto.subtle.importKey('raw', new TextEncoder().encode(secret), hmac, false, ['sign', 'verify'])
  return {
    verify: async (token) => userOf(async () => jwtVerify(token, await key, { algorithms: ['HS256'] }), codec),
    async sign(userId, { expiresIn = '12h' } = {}) {
      const until = typeof expiresIn === 'number' ? `${expiresIn}s` : expiresIn
      const token = new SignJWT().setProtectedHeader({ alg: 'HS256' }).setSubject(userId).setIssuedAt()
      return token.setExpirationTime(until).sign(await key)
    },
  }
}

function publishedKeyTokens(jwksUrl: string, codec: UserIdCodec): Tokens {
  if (!URL.canParse(jwksUrl)) throw new PresenceError('INVALID_OPTION', 'JWKS_URL is not a URL.')
  const keys = createRemoteJWKSet(new URL(jwksUrl))
  return { verify: (token) => userOf(() => jwtVerify(token, keys, { algorithms: PUBLISHED_ALGORITHMS }), codec) }
}

async function userOf(check: () => Promise<JWTVerifyResult>, codec: UserIdCodec): Promise<{ userId: string }> {
  const { payload } = await check().catch((error: unknown) => {
    throw refusal(error)
  })
  const userId = typeof payload.sub === 'string' ? codec.parse(payload.sub) : null
  if (userId === null) throw new PresenceError('UNAUTHENTICATED', 'The token names no user.')
  return { userId }
}

function refusal(error: unknown): PresenceError {
  if (error instanceof errors.JWTExpired) return new PresenceError('UNAUTHENTICATED', 'The token has expired.')
  const ours = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid
  if (!ours && isTokenFault(error)) return new PresenceError('UNAUTHENTICATED', 'The token is not valid.')
  const sentence = 'The keys that tokens are checked with cannot be read just now.'
  return new PresenceError('STORE_UNAVAILABLE', sentence, { retryable: true, cause: error })
}

// Plain JOSEError is what jose throws when the key set answers something else than 200.
const isTokenFault = (error: unknown): boolean =>
  error instanceof errors.JOSEError && error.constructor !== errors.JOSEError
