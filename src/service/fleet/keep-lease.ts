import { randomUUID } from 'node:crypto'
import type { ServiceDeps } from '../deps.ts'
import { sessionRow } from '../session-log.ts'
import { restateUsers } from './restate.ts'

/**
 * Renews the lease of this node. When it is gone, because this process was paused or cut off for too long, others have ended its
 * sessions or are about to: it takes a new name, and states anew which connections still stand, as sessions of their own (R5).
 */
export async function keepLease(deps: ServiceDeps): Promise<void> {
  const { shared, local, metrics, log } = deps
  if (!shared || (await shared.renewLease())) return
  metrics.leasesLost.inc()
  log.warn({ sessions: local.size }, 'the lease of this node ran out; what is still connected is registered anew')
  renameSessions(deps)
  for (const userId of local.userIds()) deps.backlog.unstated.add(userId)
  await shared.join()
  await restateUsers(deps, [...deps.backlog.unstated])
}

function renameSessions({ local, sessionLog }: ServiceDeps): void {
  for (const session of local.all()) {
    if (session.goodbye) continue
    const lastPing = Math.max(session.lastActivityAt, session.connectedAt)
    // One that the store never took has no row.
    if (session.formerIds.length === 0) sessionLog.note(sessionRow(session, lastPing, false))
    local.rename(session, randomUUID())
  }
}
