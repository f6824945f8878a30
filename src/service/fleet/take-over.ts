import { endNode } from '../../domain/node-steps.ts'
import type { Abandoned } from '../../store/contract.ts'
import type { ServiceDeps } from '../deps.ts'
import { reconcileDecisions } from './reconcile.ts'
import { restateUsers } from './restate.ts'

/** How often one of the nodes looks for what nobody takes care of. */
export const SURVEY_EVERY_MS = 1_000
/** Milliseconds that a node may take for its own deadlines and projections before another one does them. */
const LAG_MS = 2_000
/** Users whose sessions are ended side by side. */
const AT_ONCE = 100

/**
 * Does what dead nodes left undone, and ends their sessions (R4, R5, R21): each second on one node.
 *
 * @returns how many sessions it ended
 */
export async function takeOver(deps: ServiceDeps): Promise<number> {
  const { shared } = deps
  const { unstated } = deps.backlog
  if (!shared) return 0
  if (unstated.size > 0) await restateUsers(deps, [...unstated])
  // A little less than the interval, so that whoever has it now may have it again.
  if (!(await shared.claim('survey', SURVEY_EVERY_MS - 100))) return 0
  const abandoned = await shared.survey(LAG_MS)
  let ended = 0
  for (const left of abandoned) ended += await sweep(deps, left)
  // They may have died between storing a decision and showing it.
  for (const { userIds } of abandoned) await reconcileDecisions(deps, userIds)
  return ended
}

async function sweep({ hot, rules, metrics, log }: ServiceDeps, left: Abandoned): Promise<number> {
  const { nodeId, evidenceAt, userIds } = left
  log.warn({ nodeId, users: userIds.length }, 'a node is gone; its sessions are ended')
  const waiting = [...userIds]
  let ended = 0
  while (waiting.length > 0) {
    const changes = waiting
      .splice(0, AT_ONCE)
      .map((userId) => hot.change(userId, (record, now) => endNode(record, nodeId, evidenceAt, now, rules)))
    for (const change of await Promise.all(changes)) ended += change?.ended.length ?? 0
  }
  metrics.sweptSessions.inc(ended)
  return ended
}
