import type { RequestHandler, Router } from 'express'
import type { Block, PresenceSettings } from '../../protocol/http.ts'
import { parsePreview, parseSettings } from '../../protocol/schemas/settings.ts'
import { parseUserId } from '../../protocol/schemas/user-ids.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'
import { callerOf, forCallerOnly, type HttpDoor, limitedCallerOf } from './door.ts'

/** What the caller lets others know, whom they block, and what others see of them. */
export function addSettingsRoutes(router: Router, base: string, door: HttpDoor, changes: RequestHandler[]): void {
  const { verbs, codec } = door

  router.get(`${base}/settings`, forCallerOnly, async (request, response) => {
    response.json(wordSettings(await verbs.readSettings(await callerOf(door, request))))
  })

  router.patch(`${base}/settings`, forCallerOnly, ...changes, async (request, response) => {
    const userId = await limitedCallerOf(door, request)
    response.json(wordSettings(await verbs.changeSettings(userId, readSettings(request.body))))
  })

  router.get(`${base}/settings/preview`, forCallerOnly, async (request, response) => {
    const userId = await callerOf(door, request)
    response.json(await verbs.previewPresence(userId, parsePreview(request.query)))
  })

  router.get(`${base}/blocks`, forCallerOnly, async (request, response) => {
    const blocks = await verbs.listBlocks(await callerOf(door, request))
    const worded = blocks.map(({ userId, blockedAt }): Block => {
      return { userId, blocked_at: new Date(blockedAt).toISOString() }
    })
    response.json({ blocks: worded })
  })

  const setBlock =
    (blocked: boolean): RequestHandler =>
    async (request, response) => {
      const userId = await limitedCallerOf(door, request)
      await verbs.setBlock(userId, parseUserId(String(request.params['userId']), codec), blocked)
      response.status(204).end()
    }
  router.put(`${base}/blocks/:userId`, forCallerOnly, ...changes, setBlock(true))
  router.delete(`${base}/blocks/:userId`, forCallerOnly, ...changes, setBlock(false))
}

type Settings = Awaited<ReturnType<PresenceVerbs['readSettings']>>

const wordSettings = ({ visible, status, lastSeen, coarse }: Settings): PresenceSettings => ({
  show_online_status: visible,
  status_audience: status,
  last_seen_audience: lastSeen,
  coarse_last_seen: coarse,
})

function readSettings(body: unknown): Partial<Settings> {
  const { show_online_status, status_audience, last_seen_audience, coarse_last_seen } = parseSettings(body)
  return {
    ...(show_online_status !== undefined && { visible: show_online_status }),
    ...(status_audience !== undefined && { status: status_audience }),
    ...(last_seen_audience !== undefined && { lastSeen: last_seen_audience }),
    ...(coarse_last_seen !== undefined && { coarse: coarse_last_seen }),
  }
}
