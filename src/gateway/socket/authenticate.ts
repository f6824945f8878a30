import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import { explainError } from '../explain-error.ts'
import type { Log } from '../log.ts'
import { credentialOf } from '../identify.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'
import { noPace, type Pace } from '../pace.ts'
import type { Tokens } from '../token.ts'

type Middleware = (socket: Socket, next: (error?: Error & { data?: unknown }) => void) => void

/**
 * The standalone server's own check of a handshake: sets `socket.data.user` from `auth.token`. A refusal reaches the client
 * as `connect_error`, whose `data` says why and whether a retry can help (R52).
 *
 * @param admit says whether they may be here at all
 * @param pace lets whoever connects in a loop wait
 */
export function authenticateSocket(
  tokens: Pick<Tokens, 'verify'>,
  log: Log,
  admit: PresenceVerbs['admit'] = async () => {},
  pace: Pace = noPace,
): Middleware {
  return (socket, next) => void check(socket, next)

  async function check(socket: Socket, next: Parameters<Middleware>[1]): Promise<void> {
    try {
      await verifyHandshake(socket, tokens, admit, pace)
    } catch (error) {
      next(refusal(error, log))
      return
    }
    next()
  }
}

async function verifyHandshake(
  socket: Socket,
  tokens: Pick<Tokens, 'verify'>,
  admit: PresenceVerbs['admit'],
  pace: Pace,
): Promise<void> {
  const token: unknown = socket.handshake.auth['token']
  if (typeof token !== 'string' || token === '') {
    throw new PresenceError('UNAUTHENTICATED', 'The handshake needs auth.token.')
  }
  const caller = await tokens.verify(token)
  await pace(caller.userId)
  await admit(caller.userId, caller.issuedAt)
  Object.assign(socket.data, { user: credentialOf(caller) })
}

/** Words a failure for `connect_error` (R52). */
export function refusal(error: unknown, log: Log): Error & { data: unknown } {
  const data = explainError(error, log)
  return Object.assign(new Error(data.message), { data })
}
