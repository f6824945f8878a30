import type { Request, RequestHandler } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'
import { callerIn, type IdentifyRequest } from '../identify.ts'
import type { DoorMetrics, Log } from '../log.ts'
import type { Limits } from '../limits.ts'
import type { IsStaff } from './report-routes.ts'
import { tooMuch } from '../rate-limit.ts'

/** What the HTTP routes are made of. */
export interface HttpDoor {
  readonly verbs: PresenceVerbs
  /** `edgeMaxAgeMs`: how long searches may be given out by caches outside, in milliseconds; 0: not at all. */
  readonly options: { readonly maxPayloadBytes: number; readonly edgeMaxAgeMs: number }
  readonly identify: IdentifyRequest
  readonly codec: UserIdCodec
  /** Whether a text can be the id of a city or a service. Absent: there is no directory, and no search. */
  readonly directoryIds?: {
    readonly city: (text: string) => boolean
    readonly service: (text: string) => boolean
  }
  readonly limits: Limits
  /** Where a request comes from. Absent: not known, and no limit goes by it. */
  readonly addressOf?: (request: Request) => string
  /** Who may settle reports. Absent: nobody over HTTP. */
  readonly isStaff?: IsStaff
  /** Whether presence may be off for some: then each request is looked at. */
  readonly hasFlags?: boolean
  readonly log: Log
  readonly metrics?: DoorMetrics
  /** Where the routes lie. @default { presence: '/api/users/presence', providers: '/api/providers' } */
  readonly paths?: { readonly presence?: string; readonly providers?: string }
  /** Epoch milliseconds, for words such as "5 minutes ago". @default Date.now */
  readonly clock?: () => number
}

/** What it takes to know who asks. */
export type CallerDoor = Pick<HttpDoor, 'identify' | 'codec'> & { readonly verbs: Pick<PresenceVerbs, 'admit'> }

/** @throws {PresenceError} UNAUTHENTICATED, BANNED, and STORE_UNAVAILABLE when nobody can say whether they may be here (R61) */
export async function callerOf(door: CallerDoor, request: Request): Promise<string> {
  const caller = callerIn(await door.identify(request), door.codec)
  if (caller === null) throw new PresenceError('UNAUTHENTICATED', 'This needs a token that names a user.')
  await door.verbs.admit(caller.userId, caller.issuedAt)
  return caller.userId
}

/** The caller of a request that changes something, within their limits. @throws {PresenceError} RATE_LIMITED too */
export async function limitedCallerOf(door: HttpDoor, request: Request): Promise<string> {
  const userId = await callerOf(door, request)
  if (!door.limits.events.take(userId)) throw tooMuch()
  await door.limits.spend('decisions', userId)
  return userId
}

/** Refuses a caller who asks about more users than they may. @throws {PresenceError} RATE_LIMITED */
export function checkReads({ limits }: Pick<HttpDoor, 'limits'>, callerId: string, users: number): void {
  if (!limits.reads.take(callerId, users)) throw tooMuch()
}

/** Marks an answer as being for this caller alone. */
export const forCallerOnly: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'private, no-store')
  response.vary('Authorization')
  next()
}
