import { LRUCache } from 'lru-cache'
import { touch } from '../domain/steps.ts'
import { settle } from '../domain/user-record.ts'
import type { ServiceDeps } from './deps.ts'
import type { LocalSession } from './local-sessions.ts'
import { changeUser } from './records.ts'

/** See {@link PresenceVerbs.noteSessionActivity}. */
export async function noteSessionActivity(deps: ServiceDeps, sessionId: string): Promise<void> {
  const held = deps.local.get(sessionId)
  if (held && !held.goodbye) await noteOn(deps, held)
}

/** Free while the session is active: the deadline that the store keeps asks for the newest moment by itself (R12). */
async function noteOn(deps: ServiceDeps, held: LocalSession): Promise<void> {
  const now = deps.hot.now()
  const wasIdle = now - held.lastActivityAt >= deps.rules.idleAfterMs
  held.lastActivityAt = Math.max(held.lastActivityAt, now)
  if (!wasIdle) return
  // `changeUser` brings the new moment along, as it does for every change.
  await changeUser(deps, held.userId, (record, at) => settle(record, record, at, deps.rules))
}

/** Users remembered as told of, at most. Beyond it some are told of once more, which is harmless. */
const MAX_TOLD = 100_000

/** See {@link PresenceVerbs.noteUserActivity}. */
export function createUserActivity(deps: ServiceDeps): (userId: string) => Promise<void> {
  const toldAt = new LRUCache<string, number>({ max: MAX_TOLD })

  return async (userId) => {
    const connected = deps.local.ofUser(userId).filter((session) => !session.goodbye)
    const inUse = connected.toSorted((a, b) => b.lastActivityAt - a.lastActivityAt)[0]
    if (inUse) return noteOn(deps, inUse)
    const now = deps.hot.now()
    if (now - (toldAt.get(userId) ?? Number.NEGATIVE_INFINITY) < deps.rules.idleAfterMs / 2) return
    await changeUser(deps, userId, (record, at) => touch(record, at, deps.rules))
    toldAt.set(userId, now)
  }
}
