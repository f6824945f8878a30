import { end } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser } from './records.ts'

/** Ends all sessions of this node, as the last act of a process that nobody will stand in for (R8). */
export async function endLocalSessions(deps: ServiceDeps): Promise<void> {
  for (const userId of deps.local.userIds()) {
    const sessionIds = new Set(deps.local.ofUser(userId).map(({ sessionId }) => sessionId))
    await changeUser(deps, userId, (record, now) => end(record, sessionIds, now, deps.rules))
  }
}
