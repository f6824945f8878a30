import type { Request, RequestHandler } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import { explainError } from '../explain-error.ts'
import type { Log } from '../log.ts'
import type { Tokens } from '../token.ts'
import { sendProblem } from './problem.ts'

const BEARER = /^Bearer +([\w.~+/=-]+) *$/i

/**
 * The user whom the request's bearer token names, or null when it brings none.
 *
 * @throws {PresenceError} UNAUTHENTICATED
 */
export async function bearerUser(request: Request, tokens: Pick<Tokens, 'verify'>): Promise<string | null> {
  const header = request.headers.authorization
  if (header === undefined) return null
  const token = BEARER.exec(header)?.[1]
  if (token === undefined) throw new PresenceError('UNAUTHENTICATED', 'Authorization takes the form: Bearer <token>.')
  const { userId } = await tokens.verify(token)
  return userId
}

/**
 * The standalone server's own check: sets `req.user` from the bearer token. A request without one passes as nobody; one
 * with a bad one is answered 401.
 */
export function authenticateRequest(tokens: Pick<Tokens, 'verify'>, log: Log): RequestHandler {
  return async (request, response, next) => {
    try {
      const userId = await bearerUser(request, tokens)
      if (userId !== null) (request as Request & { user?: { id: string } }).user = { id: userId }
    } catch (error) {
      sendProblem(response, explainError(error, log))
      return
    }
    next()
  }
}
