import { json, Router } from 'express'
import type { HttpDoor } from './door.ts'
import { measureRequests } from './measure.ts'
import { passOn } from './pass-on.ts'
import { addPersonalRoutes } from './personal-routes.ts'
import { addPresenceRoutes, addSinglePresenceRoute } from './presence-routes.ts'
import { problemHandler } from './problem.ts'
import { addProviderRoutes } from './provider-routes.ts'
import { addReportRoutes } from './report-routes.ts'
import { addSessionRoutes } from './session-routes.ts'
import { addSettingsRoutes } from './settings-routes.ts'
import { trackActivity } from './track-activity.ts'

/**
 * The HTTP door (4.3): its own paths and nothing else. Mounted in a host's app it reads no body, sets no header and asks
 * for no identity on any other path.
 */
export function createRouter(door: HttpDoor): Router {
  const { directoryIds, log, metrics } = door
  const base = door.paths?.presence ?? '/api/users/presence'
  const providers = door.paths?.providers ?? '/api/providers'
  const router = Router()
  if (metrics) router.use([base, ...(directoryIds ? [providers] : [])], measureRequests(metrics))
  if (door.hasFlags) {
    router.use(base, passOn(door, true))
    if (directoryIds) router.use(providers, passOn(door, false))
  }
  const changes = [trackActivity(door), json({ limit: door.options.maxPayloadBytes })]
  addPresenceRoutes(router, base, door, changes)
  addSettingsRoutes(router, base, door, changes)
  addSessionRoutes(router, base, door, changes)
  addPersonalRoutes(router, base, door)
  addReportRoutes(router, base, door, changes)
  addSinglePresenceRoute(router, base, door)
  if (directoryIds) addProviderRoutes(router, providers, door, directoryIds)
  router.use(problemHandler(log, metrics))
  return router
}
