import type { RequestHandler, Router } from 'express'
import { parseStatusChange } from '../../protocol/schemas/status-change.ts'
import { parseBatchIds, parseUserId } from '../../protocol/schemas/user-ids.ts'
import { callerOf, checkReads, forCallerOnly, type HttpDoor, limitedCallerOf } from './door.ts'

/** Reading presences, and deciding over one's own. `changes` are the middlewares of a request that brings a body. */
export function addPresenceRoutes(router: Router, base: string, door: HttpDoor, changes: RequestHandler[]): void {
  const { verbs, codec } = door

  router.get(base, forCallerOnly, async (request, response) => {
    const viewerId = await callerOf(door, request)
    const ids = parseBatchIds(request.query, codec)
    checkReads(door, viewerId, ids.length)
    const { presences, stale } = await verbs.readPresences(ids, viewerId)
    response.json({ presences, stale })
  })

  router.patch(`${base}/status`, forCallerOnly, ...changes, async (request, response) => {
    const userId = await limitedCallerOf(door, request)
    response.json(await verbs.chooseStatus(userId, parseStatusChange(request.body)))
  })
}

/** Reading one presence: comes last, because its path takes any word. */
export function addSinglePresenceRoute(router: Router, base: string, door: HttpDoor): void {
  router.get(`${base}/:userId`, forCallerOnly, async (request, response) => {
    const viewerId = await callerOf(door, request)
    const userId = parseUserId(String(request.params['userId']), door.codec)
    checkReads(door, viewerId, 1)
    response.json(await door.verbs.readPresence(userId, viewerId))
  })
}
