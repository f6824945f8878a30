import { ownInfo, tellsContactsApart } from '../domain/info.ts'
import { changedPairs } from '../domain/pairs.ts'
import { narrows } from '../domain/visibility.ts'
import { openness } from '../domain/user-record.ts'
import type { RecordChange } from '../store/contract.ts'
import { asError } from '../telemetry/logger.ts'
import type { ServiceDeps } from './deps.ts'
import { foreignRow, sessionRow } from './session-log.ts'
import { placeBlocked, placeViewers } from './standings.ts'

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

function announceViews(deps: ServiceDeps, { before, after, at }: RecordChange): void {
  const { broadcast, metrics, log } = deps
  const ownMoved = before.own.version !== after.own.version
  const moved =
    ownMoved || before.stranger.version !== after.stranger.version || before.contact.version !== after.contact.version
  const decided = before.visibility.version !== after.visibility.version
  const { userId, own, contact, stranger } = after
  const retracts = narrows(openness(before), openness(after))
  const changed = changedPairs(before.pairs, after.pairs).map(({ viewerId }) => viewerId)
  const announcement = { userId, own, contact, stranger, before, at, retracts, decidedOn: changed }
  // Whoever is blocked hears nothing of what else changed.
  placeBlocked(deps, after.pairs, announcement)
  if (moved) {
    broadcast.announce(announcement)
    metrics.announcements.inc()
    metrics.changeDelay.observe(Math.max(0, deps.hot.now() - at) / 1_000)
  }
  if (before.own.status !== after.own.status) metrics.transitions.inc({ to: after.own.status })
  if (ownMoved || decided) broadcast.tellSelf(userId, ownInfo(after))
  if (before.pairs === after.pairs && !(decided && tellsContactsApart(after))) return
  for (const viewerId of changed) deps.relations.forget(viewerId, userId)
  placeViewers(deps, after, announcement).catch((error: unknown) => {
    log.error({ err: asError(error) }, 'a change was made, but not everybody was placed by it')
  })
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
