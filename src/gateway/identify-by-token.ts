import type { Request } from 'express'
import type { Socket } from 'socket.io'
import { PresenceError } from '../domain/errors.ts'
import { addressKey, type AddressOf } from './address.ts'
import type { Failures } from './failures.ts'
import { bearerUser } from './http/bearer-user.ts'
import type { Credential, Identity } from './identify.ts'
import type { Tokens } from './token.ts'

/**
 * Who is behind a connection or a request of the standalone server. Sockets were checked in their handshake; a request is checked only
 * where it matters who asks. An address that brings one wrong token after the other is not listened to for a while (R53).
 */
export function identifyByToken(
  tokens: Pick<Tokens, 'verify'>,
  failures: Failures,
  addressOf: AddressOf,
): (from: Socket | Request) => Identity | Promise<Identity> {
  async function identifyRequest(request: Request): Promise<Identity> {
    const address = addressKey(addressOf(request))
    if (request.headers.authorization !== undefined) failures.check(address)
    try {
      return await bearerUser(request, tokens)
    } catch (error) {
      if (error instanceof PresenceError && error.code === 'UNAUTHENTICATED') await failures.note(address)
      throw error
    }
  }
  return (from) => ('handshake' in from ? (from.data as { user: Credential }).user : identifyRequest(from))
}
