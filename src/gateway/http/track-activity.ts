import type { Request, RequestHandler } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'
import { callerIn, type IdentifyRequest } from '../identify.ts'
import type { Log } from '../log.ts'

export interface TrackActivityOptions {
  readonly verbs: Pick<PresenceVerbs, 'admit' | 'isOn' | 'noteUserActivity'>
  readonly identify: IdentifyRequest
  readonly codec: UserIdCodec
  readonly log: Log
  /** Whether a request is a sign of use. @default everything but GET, HEAD and OPTIONS */
  readonly isActivity?: (request: Request) => boolean
}

const PLAIN_READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

const isNotPlainRead = (request: Request): boolean => !PLAIN_READS.has(request.method)

// A host may track its whole app and mount our routes inside it: a request counts once all the same.
const tracked = new WeakSet<Request>()

const nothingOfUse = new WeakSet<Request>()

/** Says of a request that it is no sign of use, whatever its method: of whoever just left nothing is to be noted. */
export const isNoSignOfUse = (request: Request): void => void nothingOfUse.add(request)

/**
 * A middleware for which a request is a sign of use (R12). It neither delays nor fails the request: it looks when the
 * answer is out, and by then the host knows who asked, wherever in its app it finds that out.
 */
export function trackActivity(options: TrackActivityOptions): RequestHandler {
  return (request, response, next) => {
    if (!tracked.has(request)) {
      tracked.add(request)
      response.once('close', () => void note(options, request))
    }
    next()
  }
}

const NOT_LET_IN: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'BANNED', 'USER_NOT_FOUND'])

async function note(options: TrackActivityOptions, request: Request): Promise<void> {
  const { verbs, identify, codec, log, isActivity = isNotPlainRead } = options
  try {
    if (nothingOfUse.has(request) || !isActivity(request)) return
    const caller = callerIn(await identify(request), codec)
    if (caller === null || !(await verbs.isOn(caller.userId))) return
    await verbs.admit(caller.userId, caller.issuedAt)
    await verbs.noteUserActivity(caller.userId)
  } catch (error) {
    // Whoever is not let in gave no sign of use; that was answered already.
    if (error instanceof PresenceError && NOT_LET_IN.has(error.code)) return
    log.warn({ err: error }, 'an activity could not be noted')
  }
}
