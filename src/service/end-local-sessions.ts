import { end } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { restateUsers } from './fleet/restate.ts'
import { changeUser } from './records.ts'

/**
 * Leaves the sessions of this node to the store, as lost: whoever comes back to another node within the grace makes no news (R54).
 */
export async function leaveLocalSessions(deps: ServiceDeps): Promise<void> {
  const goodbye = { clean: false, at: deps.hot.now() }
  for (const held of deps.local.all()) held.goodbye ??= goodbye
  await restateUsers(deps, deps.local.userIds())
}

/** Ends all sessions of this node, as the last act of a process that nobody will stand in for (R8). */
export async function endLocalSessions(deps: ServiceDeps): Promise<void> {
  for (const userId of deps.local.userIds()) {
    const sessionIds = new Set(deps.local.ofUser(userId).map(({ sessionId }) => sessionId))
    await changeUser(deps, userId, (record, now) => end(record, sessionIds, now, deps.rules))
  }
}
