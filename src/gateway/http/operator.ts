import type { Request, RequestHandler } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import { callerOf, type CallerDoor } from './door.ts'
import { bearsToken, roleOf } from './staff.ts'

/** Who may see how the system is, and why a user is shown as they are. */
export type IsOperator = (request: Request) => boolean | Promise<boolean>

/**
 * Operators of the standalone server: whoever brings the operations token, or a user's token with the claim `role: operator`.
 *
 * @param door checks tokens: claims are read of one that was accepted
 */
export function standaloneOperator(door: CallerDoor, opsToken: string | undefined): IsOperator {
  return async (request) => {
    if (opsToken !== undefined && opsToken !== '' && bearsToken(request, opsToken)) return true
    await callerOf(door, request)
    return roleOf(request) === 'operator'
  }
}

/** Lets operators through alone. @throws {PresenceError} FORBIDDEN, and whatever the check throws */
export const operatorsOnly =
  (isOperator: IsOperator): RequestHandler =>
  async (request, _response, next) => {
    if (!(await isOperator(request))) throw new PresenceError('FORBIDDEN', 'This is for operators alone.')
    next()
  }
