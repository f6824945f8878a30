import type { Request } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import { type Credential, credentialOf } from '../identify.ts'
import type { Tokens } from '../token.ts'

const BEARER = /^Bearer +([\w.~+/=-]+) *$/i

/**
 * The user whom the request's bearer token names, or null when it brings none.
 *
 * @throws {PresenceError} UNAUTHENTICATED
 */
export async function bearerUser(request: Request, tokens: Pick<Tokens, 'verify'>): Promise<Credential | null> {
  const header = request.headers.authorization
  if (header === undefined) return null
  const token = BEARER.exec(header)?.[1]
  if (token === undefined) throw new PresenceError('UNAUTHENTICATED', 'Authorization takes the form: Bearer <token>.')
  return credentialOf(await tokens.verify(token))
}
