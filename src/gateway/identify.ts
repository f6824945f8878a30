import type { Request } from 'express'
import type { Socket } from 'socket.io'
import type { UserIdCodec } from '../domain/user-id.ts'

type Identity = string | number | null | undefined

/** Who is behind a connection, by the host's own check. Null: somebody who is none of our business. */
export type IdentifySocket = (socket: Socket) => Identity | Promise<Identity>

/** Who is behind a request, by the host's own check. Null: nobody. */
export type IdentifyRequest = (request: Request) => Identity | Promise<Identity>

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

/** The canonical id of an identity, or null when it is nobody or cannot be an id of ours. */
export const canonicalId = (identity: Identity, codec: UserIdCodec): string | null =>
  identity === null || identity === undefined ? null : codec.parse(String(identity))
