import { asError } from '../telemetry/logger.ts'
import type { ServiceDeps } from './deps.ts'

/** See {@link PresenceVerbs.handleSocketError}. A connection that can still be told reads everything again. */
export function handleSocketError(deps: ServiceDeps, userId: string, error: unknown, socketId?: string): void {
  deps.metrics.socketErrors.inc()
  deps.log.warn({ err: asError(error) }, 'a socket reported an error')
  if (isFatal(error)) {
    if (socketId !== undefined) deps.broadcast.drop(socketId)
    else for (const held of deps.local.ofUser(userId)) if (!held.goodbye) deps.broadcast.drop(held.socketId)
    return
  }
  deps.broadcast.resync(socketId === undefined ? { userId } : { socketId })
}

/** Node's own network errors carry a code; after one of them the transport is not worth keeping. */
const isFatal = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(String(error.code))
