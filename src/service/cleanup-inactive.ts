import type { ServiceDeps } from './deps.ts'
import { takeOver } from './fleet/take-over.ts'
import { settleDue } from './settle-due.ts'

/**
 * Ends sessions that nobody answers for: those of dead nodes, and those whose grace is over. A running system does so by itself; whoever
 * calls it does not wait for that.
 *
 * @returns how many it ended; `porchlight_sessions_ended_total` counts them like all others
 */
export async function cleanupInactive(deps: ServiceDeps): Promise<number> {
  const sessions = (await takeOver(deps)) + (await settleDue(deps))
  if (sessions > 0) deps.log.info({ sessions }, 'inactive sessions were ended')
  return sessions
}
