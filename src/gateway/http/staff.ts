import { createHash, timingSafeEqual } from 'node:crypto'
import type { Request } from 'express'
import { decodeJwt } from 'jose'
import { PresenceError } from '../../domain/errors.ts'
import { callerOf, type CallerDoor } from './door.ts'
import type { IsStaff } from './report-routes.ts'

/** Whether a request brings this token as a bearer. Digests have one length: the comparison takes the same time whatever was sent. */
export const bearsToken = (request: Request, token: string): boolean =>
  timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${token}`))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Staff of the standalone server: whoever brings the operations token, or a user's token with the claim `role: staff`.
 *
 * @param door checks tokens: claims are read of one that was accepted
 */
export function standaloneStaff(door: CallerDoor, opsToken: string | undefined): IsStaff {
  return async (request) => {
    if (opsToken !== undefined && opsToken !== '' && bearsToken(request, opsToken)) return 'operations'
    const userId = await callerOf(door, request)
    return roleOf(request) === 'staff' ? userId : false
  }
}

/** What a caller whose token was accepted claims to be. @throws {PresenceError} UNAUTHENTICATED */
export function roleOf(request: Request): unknown {
  const [, token = ''] = (request.headers.authorization ?? '').split(/ +/)
  try {
    return decodeJwt(token)['role']
  } catch (error) {
    throw new PresenceError('UNAUTHENTICATED', 'The token is not valid.', { cause: error })
  }
}
