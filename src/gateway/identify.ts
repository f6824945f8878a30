import type { Request } from 'express'
import type { Socket } from 'socket.io'
import type { UserIdCodec } from '../domain/user-id.ts'

/** A user together with what their token says about itself. Moments are a Date or epoch milliseconds. */
export interface Credential {
  readonly id: string | number
  /** When a connection has to be renewed or closed. Null or left out: never. */
  readonly expiresAt?: Date | number | null
  /**
   * When the token was issued: one from before its user's tokens were revoked is refused. Null: the token does not say, and is refused
   * once any were. Left out: there is no token, and what holds instead is the host's to end.
   */
  readonly issuedAt?: Date | number | null
}

export type Identity = Credential | string | number | null | undefined

/** Who is behind a connection, by the host's own check. Null: somebody who is none of our business. */
export type IdentifySocket = (socket: Socket) => Identity | Promise<Identity>

/** Who is behind a request, by the host's own check. Null: nobody. */
export type IdentifyRequest = (request: Request) => Identity | Promise<Identity>

/**
 * Whose token this is, by the host's own check: for connections that are renewed in place, and for those that came back without being
 * asked who they are. Throws, or answers null, when it is not to be accepted.
 */
export type VerifyToken = (token: string, socket: Socket) => Identity | Promise<Identity>

/** Looks where hosts usually put their user: `socket.user`, else `socket.data.user`. */
export const defaultIdentifySocket: IdentifySocket = (socket) => idOf(userOf(socket)) ?? idOf(userOf(socket.data))

/** Looks where hosts usually put their user: `req.user`. */
export const defaultIdentifyRequest: IdentifyRequest = (request) => idOf(userOf(request))

const userOf = (holder: unknown): unknown =>
  typeof holder === 'object' && holder !== null && 'user' in holder ? holder.user : null

function idOf(user: unknown): string | number | null {
  const id = typeof user === 'object' && user !== null && 'id' in user ? user.id : null
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

/** A user as this system knows them, and what is known of their token, in epoch milliseconds. */
export interface Caller {
  readonly userId: string
  /** Null: it does not end. */
  readonly expiresAt: number | null
  /** Null: the token does not say. Undefined: there is none that we know of. */
  readonly issuedAt: number | null | undefined
}

/** Reads an identity; null when it is nobody or cannot be an id of ours. */
export function callerIn(identity: Identity, codec: UserIdCodec): Caller | null {
  if (identity === null || identity === undefined) return null
  const { id, expiresAt = null, issuedAt } = typeof identity === 'object' ? identity : { id: identity }
  const userId = codec.parse(String(id))
  return userId === null ? null : { userId, expiresAt: momentOf(expiresAt), issuedAt: momentOf(issuedAt) }
}

/** What stands for no moment stays as it is. */
const momentOf = <Moment extends null | undefined>(moment: Date | number | Moment): number | Moment =>
  moment instanceof Date ? moment.getTime() : moment

/** What a check of ours found, in the words of hosts. */
export const credentialOf = ({ userId, expiresAt, issuedAt }: Caller): Credential => ({
  id: userId,
  expiresAt,
  ...(issuedAt !== undefined && { issuedAt }),
})
