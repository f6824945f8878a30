import type { Request, RequestHandler } from 'express'
import { type ParsedPresenceFilter, parsePresenceFilter } from '../../protocol/schemas/provider-query.ts'
import { explainError } from '../explain-error.ts'
import type { Log } from '../log.ts'
import { sendProblem } from './problem.ts'

/** What `presenceFilter()` found in the query. */
export interface RequestedPresenceFilter extends ParsedPresenceFilter {
  /** Whether there is any condition at all. */
  readonly active: boolean
  /**
   * The condition for the host's own query, as its ORM takes it: `where: { ...mine, ...req.presenceFilter.where() }`.
   *
   * @param column the column that holds the provider's user id. @default 'id'
   */
  where(column?: string): object
}

/** Turns a filter into a condition on a column of user ids; the store's way of searching. */
export type ConditionOf = (filter: ParsedPresenceFilter, column: string) => object

/** A request that passed `presenceFilter()`. */
export type FilteredRequest = Request & { presenceFilter: RequestedPresenceFilter }

/**
 * A middleware for the host's own search: reads `online_status`, `last_seen` and `active_within` into
 * `req.presenceFilter`, and leaves every other parameter to the host. What it cannot read is answered 400 (R52).
 *
 * @param isOn whether presence is on for whoever asks
 */
export function presenceFilter(
  log: Log,
  conditionOf: ConditionOf,
  isOn: (request: Request) => true | Promise<boolean>,
): RequestHandler {
  return async (request, response, next) => {
    const on = isOn(request)
    try {
      const filter = parsePresenceFilter(on === true || (await on) ? request.query : NOTHING_ASKED)
      const active = Object.values(filter).some((condition) => condition !== null)
      const where = (column = 'id') => (active ? conditionOf(filter, column) : {})
      Object.assign(request, { presenceFilter: { active, ...filter, where } satisfies RequestedPresenceFilter })
    } catch (error) {
      sendProblem(response, explainError(error, log))
      return
    }
    next()
  }
}

/** To whom presence is switched off, the parameters mean nothing, however they are written (R72). */
const NOTHING_ASKED = {}
