import { isDeepStrictEqual } from 'node:util'
import type { Announcement } from '../../broadcast/contract.ts'
import { presenceInfo, tellsContactsApart } from '../../domain/info.ts'
import { narrows } from '../../domain/visibility.ts'
import type { Revocation } from '../../domain/session.ts'
import type { RemoteChange, SharedHotStore, StoreState } from '../../store/contract.ts'
import { asError } from '../../telemetry/logger.ts'
import type { ServiceDeps } from '../deps.ts'
import { createTurns } from '../in-turn.ts'
import { sessionRow } from '../session-log.ts'
import { placeBlocked, placeViewers } from '../standings.ts'
import { reconcile } from './reconcile.ts'

/** Milliseconds over which connections read everything again once the store is back (R51). */
const RESYNC_SPREAD_MS = 2_000

/**
 * Draws the consequences of what the store tells about other nodes and about itself: who is told, which connections are closed, what
 * is compared next.
 *
 * @returns stops following
 */
export function followStore(deps: ServiceDeps, shared: SharedHotStore): () => void {
  const safely =
    <Told>(consequence: (told: Told) => void) =>
    (told: Told): void => {
      try {
        consequence(told)
      } catch (error) {
        // A host's own listener may throw when its socket is told or closed (R52).
        deps.log.error({ err: asError(error) }, 'not all that follows from what the store told was done')
      }
    }
  const unfollow = [
    shared.onRemoteChange(safely(createHearing(deps, shared))),
    shared.onDoubt((concern) => void deps.backlog.doubts.add(concern)),
    shared.onAmnesia((concern) => {
      deps.cold.forgetAll()
      deps.backlog.recovery = 'wanted'
      deps.backlog.doubts.add(concern)
      // Their nodes are the only ones who know them now (R23).
      for (const userId of deps.local.userIds()) if (concern(userId)) deps.backlog.unstated.add(userId)
      for (const userId of deps.pendingDecisions.users()) if (concern(userId)) deps.backlog.unstated.add(userId)
    }),
    shared.onState(safely((state: StoreState) => turn(deps, state))),
  ]
  return () => {
    for (const stop of unfollow) stop()
  }
}

/**
 * Tells what another node changed. Who is told what may have to be asked first: of that user nothing is told meanwhile, so that news
 * stay in their order.
 */
function createHearing(deps: ServiceDeps, shared: SharedHotStore): (change: RemoteChange) => void {
  const inTurn = createTurns()
  const waiting = new Map<string, number>()

  async function prepare(change: RemoteChange): Promise<void> {
    try {
      const record = (await shared.read([change.userId])).get(change.userId)
      if (!record) return
      placeBlocked(deps, record.pairs, announcementIn(change))
      await placeViewers(deps, record, announcementIn(change))
    } catch (error) {
      // The store may be away: whoever cannot be placed is told what strangers are.
      deps.log.warn({ err: asError(error) }, 'not everybody could be placed before they are told')
    }
  }

  function hearLater(change: RemoteChange): void {
    const { userId } = change
    waiting.set(userId, (waiting.get(userId) ?? 0) + 1)
    void inTurn(userId, async () => {
      if (needsPlacing(change)) await prepare(change)
      try {
        hear(deps, change)
      } catch (error) {
        deps.log.error({ err: asError(error) }, 'not all that follows from what the store told was done')
      }
      const left = (waiting.get(userId) ?? 1) - 1
      if (left === 0) waiting.delete(userId)
      else waiting.set(userId, left)
    })
  }

  return (change) => {
    for (const { viewerId } of change.pairs) deps.relations.forget(viewerId, change.userId)
    placeBlocked(deps, change.pairs, announcementIn(change))
    if (needsPlacing(change) || waiting.has(change.userId)) hearLater(change)
    else hear(deps, change)
  }
}

/** Whether it may depend on more than the news who is told what. */
const needsPlacing = (change: RemoteChange): boolean =>
  change.hasPairs || (tellsContactsApart(change) && !isDeepStrictEqual(change.visibility, change.before.visibility))

function announcementIn({ userId, own, contact, stranger, before, visibility, pairs, at }: RemoteChange): Announcement {
  const decidedOn = pairs.map(({ viewerId }) => viewerId)
  return { userId, own, contact, stranger, before, at, retracts: narrows(before.visibility, visibility), decidedOn }
}

function hear(deps: ServiceDeps, change: RemoteChange): void {
  deps.traces.continued(change.traceparent, 'porchlight.hear', () => tell(deps, change))
}

function tell(deps: ServiceDeps, change: RemoteChange): void {
  const { userId, own, before, visibility } = change
  const { visible } = visibility
  deps.metrics.remoteChanges.inc()
  if (visible || before.visibility.visible) deps.cold.forget(userId)
  deps.broadcast.announce(announcementIn(change))
  if (before.own.version !== own.version || before.visibility.visible !== visible) {
    deps.broadcast.tellSelf(userId, presenceInfo(userId, own, visible))
  }
  if (change.accessChanged) deps.admissions.forget(userId)
  for (const { sessionId, endedAt, why } of change.ended) if (why !== null) closeRevoked(deps, sessionId, endedAt, why)
}

/** A sign-out or an eviction on another node. Anything else that ended there, this node will state anew. */
function closeRevoked(deps: ServiceDeps, sessionId: string, endedAt: number, why: Revocation): void {
  const held = deps.local.withId(sessionId)
  if (!held) return
  deps.sessionLog.note(sessionRow(held, endedAt, false))
  deps.local.remove(held)
  deps.broadcast.remove(held.socketId)
  deps.broadcast.signOut(held.socketId, why)
}

function turn(deps: ServiceDeps, { state }: StoreState): void {
  deps.metrics.storeUp.set(state === 'live' ? 1 : 0)
  if (state === 'lost') {
    deps.log.error({}, 'the store does not answer: what is shown is stale until it does')
    deps.metrics.storeLost.inc()
    deps.broadcast.stale()
    return
  }
  deps.log.info({}, 'the store answers again')
  deps.backlog.doubts.add(() => true)
  deps.broadcast.resyncAll(RESYNC_SPREAD_MS)
}

/** Compares what is in doubt with the store. What fails stays in doubt. */
export async function settleDoubts(deps: ServiceDeps): Promise<void> {
  const { doubts: waiting } = deps.backlog
  if (waiting.size === 0) return
  const doubts = [...waiting]
  waiting.clear()
  try {
    await reconcile(deps, (userId) => doubts.some((concern) => concern(userId)))
  } catch (error) {
    for (const concern of doubts) waiting.add(concern)
    throw error
  }
}
