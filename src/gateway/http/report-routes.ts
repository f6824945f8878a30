import type { Request, RequestHandler, Router } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import type { MessageReports } from '../../protocol/http.ts'
import { parseReport } from '../../protocol/schemas/report.ts'
import { parseUserId } from '../../protocol/schemas/user-ids.ts'
import { callerOf, forCallerOnly, type HttpDoor } from './door.ts'
import { tooMuch } from '../rate-limit.ts'

/** Who of the host's people may settle reports. A text names them in what is kept; true is enough to be let in. */
export type IsStaff = (request: Request) => boolean | string | Promise<boolean | string>

/** Reports in one answer. */
const PAGE = 50

/** Reporting a message, and what staff do about it. */
export function addReportRoutes(router: Router, base: string, door: HttpDoor, changes: RequestHandler[]): void {
  const { verbs, codec, limits } = door

  router.post(`${base}/:userId/reports`, forCallerOnly, ...changes, async (request, response) => {
    const reporterId = await callerOf(door, request)
    const userId = parseUserId(String(request.params['userId']), codec)
    const { reason } = parseReport(request.body)
    if (!limits.events.take(reporterId)) throw tooMuch()
    await limits.spend('reports', reporterId)
    await verbs.reportMessage(userId, reporterId, reason)
    response.status(204).end()
  })

  router.get(`${base}/reports`, forCallerOnly, async (request, response) => {
    await staffOf(door, request)
    const { cursor } = request.query
    const reports = await verbs.openReports(typeof cursor === 'string' ? cursor : null, PAGE)
    response.json({
      reports: reports.map(({ id, userId, message, status, reason, at }) => {
        return { id, userId, message, status, reason, reported_at: new Date(at).toISOString() }
      }),
      next_cursor: reports.length < PAGE ? null : (reports.at(-1)?.id ?? null),
    } satisfies MessageReports)
  })

  router.delete(`${base}/:userId/message`, forCallerOnly, async (request, response) => {
    const by = await staffOf(door, request)
    await verbs.clearMessage(parseUserId(String(request.params['userId']), codec), by)
    response.status(204).end()
  })
}

/** @throws {PresenceError} FORBIDDEN, and whatever the host's check throws */
async function staffOf({ isStaff }: HttpDoor, request: Request): Promise<string> {
  const staff = (await isStaff?.(request)) ?? false
  if (staff === false || staff === '') throw new PresenceError('FORBIDDEN', 'This is for staff alone.')
  return staff === true ? 'staff' : staff
}
