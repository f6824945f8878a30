import type { Router } from 'express'
import { wordUserData } from '../user-data.ts'
import { forCallerOnly, type HttpDoor, limitedCallerOf } from './door.ts'
import { isNoSignOfUse } from './track-activity.ts'

/** All that is held of the caller: to see, and to have erased. */
export function addPersonalRoutes(router: Router, base: string, door: HttpDoor): void {
  const { verbs } = door

  router.get(`${base}/data`, forCallerOnly, async (request, response) => {
    response.json(wordUserData(await verbs.exportUser(await limitedCallerOf(door, request), 'self')))
  })

  router.delete(`${base}/data`, forCallerOnly, async (request, response) => {
    isNoSignOfUse(request)
    const { receipt, rows } = await verbs.eraseUser(await limitedCallerOf(door, request), 'self')
    response.json({ receipt, rows })
  })
}
