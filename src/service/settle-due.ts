import { settleDue as settleOne } from '../domain/node-steps.ts'
import type { ServiceDeps } from './deps.ts'
import { activityOf } from './local-sessions.ts'

const BATCH = 500
/** Milliseconds that other nodes get to tell of activity on their own sessions, before anybody is called idle. */
const PATIENCE_MS = 1_500

/**
 * Handles every deadline that has passed: graces that end, choices that expire, activity that ran out (R4).
 *
 * @returns how many sessions ended
 */
export async function settleDue(deps: ServiceDeps): Promise<number> {
  const patienceMs = deps.shared ? PATIENCE_MS : 0
  let ended = 0
  for (;;) {
    const due = await deps.hot.takeDue(BATCH)
    for (const userId of due) {
      const change = await deps.hot.change(userId, (record, now) =>
        settleOne(record, activityOf(deps.local, userId), { nodeId: deps.hot.nodeId(), patienceMs }, now, deps.rules),
      )
      ended += change?.ended.length ?? 0
    }
    if (due.length < BATCH) return ended
  }
}
