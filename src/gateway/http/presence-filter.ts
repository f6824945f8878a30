import type { Request, RequestHandler } from 'express'
import { type ParsedPresenceFilter, parsePresenceFilter } from '../../protocol/schemas/provider-query.ts'
import { explainError } from '../explain-error.ts'
import type { Log } from '../log.ts'
import { sendProblem } from './problem.ts'

/** What `presenceFilter()` found in the query. */
export interface RequestedPresenceFilter extends ParsedPresenceFilter {
  /** Whether there is any condition at all. */
  readonly active: boolean
}

/** A request that passed `presenceFilter()`. */
export type FilteredRequest = Request & { presenceFilter: RequestedPresenceFilter }

/**
 * A middleware for the host's own search: reads `online_status`, `last_seen` and `active_within` into
 * `req.presenceFilter`, and leaves every other parameter to the host. What it cannot read is answered 400 (R52).
 */
export function presenceFilter(log: Log): RequestHandler {
  return (request, response, next) => {
    try {
      const filter = parsePresenceFilter(request.query)
      const active = Object.values(filter).some((condition) => condition !== null)
      Object.assign(request, { presenceFilter: { active, ...filter } satisfies RequestedPresenceFilter })
    } catch (error) {
      sendProblem(response, explainError(error, log))
      return
    }
    next()
  }
}
