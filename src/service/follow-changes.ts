import { infoFor } from '../domain/info.ts'
import { isShown } from '../domain/user-record.ts'
import type { RecordChange } from '../store/contract.ts'
import { asError } from '../telemetry/logger.ts'
import type { ServiceDeps } from './deps.ts'
import { foreignRow, sessionRow } from './session-log.ts'

/** Draws the consequences of every change that the hot store reports: who is told, what is written, what is closed. */
export const followChanges = (deps: ServiceDeps): (() => void) =>
  deps.hot.onChange((change) => {
    for (const consequence of [readmit, announceViews, logActivity, closeEnded]) {
      try {
        consequence(deps, change)
      } catch (error) {
        // A host's own listener may throw when its socket is told or closed. The change itself is made (R52).
        deps.log.error({ err: asError(error) }, 'a change was made, but not all that follows from it')
      }
    }
  })

/** What was said of somebody's access holds from now on. */
function readmit({ admissions }: ServiceDeps, { before, after }: RecordChange): void {
  if (before.access !== after.access) admissions.forget(after.userId)
}

function announceViews({ broadcast, metrics }: ServiceDeps, { before, after, at }: RecordChange): void {
  const ownMoved = before.own.version !== after.own.version
  const strangerMoved = before.stranger.version !== after.stranger.version
  if (ownMoved || strangerMoved) {
    const { userId, own, stranger } = after
    const retracts = isShown(before) && !isShown(after)
    broadcast.announce({ userId, own, stranger, before: { own: before.own, stranger: before.stranger }, at, retracts })
    metrics.announcements.inc()
  }
  if (before.own.status !== after.own.status) metrics.transitions.inc({ to: after.own.status })
  if (ownMoved || before.visibility.version !== after.visibility.version) {
    broadcast.tellSelf(after.userId, infoFor(after, after.userId))
  }
}

function closeEnded({ local, broadcast, sessionLog, metrics }: ServiceDeps, { after, ended }: RecordChange): void {
  if (ended.length === 0) return
  const causes = new Map(after.revoked.map(({ sessionId, why }) => [sessionId, why]))
  for (const { session, endedAt } of ended) {
    metrics.sessionsEnded.inc()
    const held = local.withId(session.sessionId)
    // Whoever ends a session writes it down: its own node may be gone.
    sessionLog.note(held ? sessionRow(held, endedAt, false) : foreignRow(session, after.userId, endedAt))
    if (!held) continue
    local.remove(held)
    // Still connected: somebody else ended it, by a sign-out or an eviction.
    if (held.goodbye) continue
    broadcast.remove(held.socketId)
    broadcast.signOut(held.socketId, causes.get(session.sessionId) ?? 'SIGNED_OUT')
  }
}

/** Writes the last ping of sessions in use as coarsely as everything else is written (R22). */
function logActivity({ local, sessionLog }: ServiceDeps, { before, after }: RecordChange): void {
  if (before.own.version === after.own.version) return
  for (const session of after.sessions) {
    const known = before.sessions.find(({ sessionId }) => sessionId === session.sessionId)
    if (!known || known.lastActivityAt === session.lastActivityAt) continue
    const held = local.withId(session.sessionId)
    if (held) sessionLog.note(sessionRow(held, session.lastActivityAt, true))
  }
}
