import type { webcrypto } from 'node:crypto'
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify, type JWTVerifyOptions, SignJWT } from 'jose'
import { PresenceError } from '../domain/errors.ts'
import { type UserIdCodec, uuidIds } from '../domain/user-id.ts'
import type { Caller } from './identify.ts'
import { publishedKeys } from './published-keys.ts'

export interface TokenOptions {
  /** The shared secret of HS256 tokens: it signs, and it is accepted. */
  readonly secret?: string
  /** The secret before it, while tokens signed with that are still about: accepted, never signed with. */
  readonly previousSecret?: string
  /** Where the public keys of RS256, ES256 or EdDSA tokens are published. */
  readonly jwksUrl?: string
  /** Tokens have to be meant for one of these (`aud`). Our own are meant for the first. @default any */
  readonly audience?: readonly string[]
  /** Tokens have to come from one of these (`iss`). Our own come from the first. @default any */
  readonly issuer?: readonly string[]
  /** Seconds by which clocks may differ: a token is taken that much before and after its time. @default 0 */
  readonly clockToleranceS?: number
  /** Refuses tokens that never end. @default false */
  readonly requireExp?: boolean
  /** How user ids look in `sub`. @default uuidIds */
  readonly codec?: UserIdCodec
  /** Epoch milliseconds. @default Date.now */
  readonly clock?: () => number
}

/** Checks tokens, and with a secret makes them. */
export interface Tokens {
  /**
   * The user whom a token names, in canonical form, and until when that may be relied on: the end of the token and the tolerance
   * after it.
   *
   * @throws {PresenceError} UNAUTHENTICATED, or STORE_UNAVAILABLE while published keys cannot be read
   */
  verify(token: string): Promise<Caller>
  /**
   * @param options.expiresIn seconds, or a span such as `2h`. @default 12 hours
   * @param options.role what they are beside a user, such as `staff`, as a claim. @default none
   */
  sign?(userId: string, options?: { expiresIn?: number | string; role?: string }): Promise<string>
}

const PUBLISHED_ALGORITHMS = ['RS256', 'ES256', 'EdDSA']

/** Seconds for which a token of ours holds. */
const OWN_S = 12 * 3_600

/** Milliseconds for which the check of a token without an end is relied on: a connection made with it has to come back then. */
export const ENDLESS_MS = 12 * 3_600_000

/**
 * The token check of the standalone server: one secret, with the one before it, or one set of published keys. Algorithms are pinned
 * to the kind of key, so that a token cannot choose how it is checked.
 *
 * @throws {PresenceError} INVALID_OPTION when there is neither or both
 */
export function createTokens(options: TokenOptions): Tokens {
  const { secret, jwksUrl } = options
  if (secret !== undefined && secret !== '' && jwksUrl === undefined) return sharedSecretTokens(secret, options)
  if (jwksUrl !== undefined && secret === undefined) return publishedKeyTokens(jwksUrl, options)
  throw new PresenceError('INVALID_OPTION', 'Tokens need either JWT_SECRET or JWKS_URL, and not both.')
}

type Check = (claims: JWTVerifyOptions) => Promise<{ payload: JWTPayload }>

function sharedSecretTokens(secret: string, options: TokenOptions): Tokens {
  const { previousSecret, issuer = [], audience = [], clock = Date.now } = options
  // Imported once: otherwise every connection of a storm pays for it again.
  const keys = [secret, ...(previousSecret ? [previousSecret] : [])].map(hmacKey)
  const [own] = keys as [Promise<webcrypto.CryptoKey>]
  const accept = acceptTokens(options, ['HS256'])

  async function withOneOf(token: string, claims: JWTVerifyOptions): Promise<{ payload: JWTPayload }> {
    let failure: unknown
    for (const key of keys) {
      try {
        return await jwtVerify(token, await key, claims)
      } catch (error) {
        failure = error
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break
      }
    }
    throw failure
  }

  return {
    verify: (token) => accept((claims) => withOneOf(token, claims)),
    async sign(userId, { expiresIn = OWN_S, role } = {}) {
      const now = clock() / 1000
      // To the millisecond: whoever revokes tokens and signs a new one within a second has to be able to tell them apart.
      const token = new SignJWT(role === undefined ? {} : { role })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(userId)
        .setIssuedAt(now)
      if (issuer[0] !== undefined) token.setIssuer(issuer[0])
      if (audience[0] !== undefined) token.setAudience(audience[0])
      token.setExpirationTime(typeof expiresIn === 'number' ? Math.floor(now) + expiresIn : expiresIn)
      return token.sign(await own)
    },
  }
}

const hmacKey = (secret: string): Promise<webcrypto.CryptoKey> =>
  crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])

function publishedKeyTokens(jwksUrl: string, options: TokenOptions): Tokens {
  if (!URL.canParse(jwksUrl)) throw new PresenceError('INVALID_OPTION', 'JWKS_URL is not a URL.')
  const keys: JWTVerifyGetKey = publishedKeys(new URL(jwksUrl))
  const accept = acceptTokens(options, PUBLISHED_ALGORITHMS)
  return { verify: (token) => accept((claims) => jwtVerify(token, keys, claims)) }
}

/** Accepts what a check lets through, by the claims that the options ask for. */
function acceptTokens(options: TokenOptions, algorithms: string[]): (check: Check) => Promise<Caller> {
  const { audience = [], issuer = [], clockToleranceS = 0, requireExp = false } = options
  const { codec = uuidIds, clock = Date.now } = options
  const fixed: JWTVerifyOptions = {
    algorithms,
    clockTolerance: clockToleranceS,
    ...(audience.length > 0 && { audience: [...audience] }),
    ...(issuer.length > 0 && { issuer: [...issuer] }),
    requiredClaims: requireExp ? ['exp'] : [],
  }
  return async (check) => {
    const now = clock()
    const { payload } = await check({ ...fixed, currentDate: new Date(now) }).catch((error: unknown) => {
      throw refusal(error)
    })
    const { sub, exp, iat } = payload
    const userId = typeof sub === 'string' ? codec.parse(sub) : null
    if (userId === null) throw new PresenceError('UNAUTHENTICATED', 'The token names no user.')
    const expiresAt = exp === undefined ? now + ENDLESS_MS : (exp + clockToleranceS) * 1000
    return { userId, expiresAt, issuedAt: iat === undefined ? null : iat * 1000 }
  }
}

function refusal(error: unknown): PresenceError {
  if (error instanceof PresenceError) return error
  if (error instanceof errors.JWTExpired) return new PresenceError('UNAUTHENTICATED', 'The token has expired.')
  const ours = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid
  if (!ours && isTokenFault(error)) return new PresenceError('UNAUTHENTICATED', 'The token is not valid.')
  const sentence = 'The keys that tokens are checked with cannot be read just now.'
  return new PresenceError('STORE_UNAVAILABLE', sentence, { retryable: true, cause: error })
}

// Plain JOSEError is what jose throws when the key set answers something else than 200.
const isTokenFault = (error: unknown): boolean =>
  error instanceof errors.JOSEError && error.constructor !== errors.JOSEError
