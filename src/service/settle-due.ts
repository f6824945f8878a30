import { noteActivity } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { activityOf } from './local-sessions.ts'

const BATCH = 500

/**
 * Handles every deadline that has passed: graces that end, choices that expire, activity that ran out (R4).
 *
 * @returns how many sessions ended
 */
export async function settleDue(deps: ServiceDeps): Promise<number> {
  let ended = 0
  for (;;) {
    const due = await deps.hot.takeDue(BATCH)
    for (const userId of due) {
      const change = await deps.hot.change(userId, (record, now) =>
        noteActivity(record, activityOf(deps.local, userId), now, deps.rules),
      )
      ended += change?.ended.length ?? 0
    }
    if (due.length < BATCH) return ended
  }
}
