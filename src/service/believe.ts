import { PresenceError } from '../domain/errors.ts'
import type { ServiceDeps } from './deps.ts'
import type { UserRecord } from '../domain/user-record.ts'
import { readLive, readRecords } from './records.ts'
import { hideSwitchedOff } from './rollout/rollout.ts'
import { mayReadLive } from './standings.ts'

/** Records, and whether the system can vouch for them. */
export interface Believed {
  readonly records: Map<string, UserRecord>
  /** The store did not answer: these are what PostgreSQL had last (R45). */
  readonly stale: boolean
}

/**
 * Reads records for showing, not for deciding. While the store does not answer, what PostgreSQL has is shown as stale, and after
 * `staleAfterMs` nothing at all: by then it may be anything (R45, R51).
 *
 * @throws {PresenceError} STORE_UNAVAILABLE
 */
export async function readBelieved(
  deps: ServiceDeps,
  userIds: readonly string[],
  viewerId: string | null,
): Promise<Believed> {
  try {
    return { records: await readRecords(deps, userIds, viewerId), stale: false }
  } catch (error) {
    if (!deps.shared || !(error instanceof PresenceError && error.retryable) || isUnknownByNow(deps)) throw error
    const records = await deps.cold.loadMany(userIds)
    // What only holds live so far holds here, too (R32).
    const { pendingDecisions, hot, rules } = deps
    const decided = records.map((record) => pendingDecisions.applyTo(record, hot.now(), rules))
    const byId = new Map(decided.map((record) => [record.userId, record]))
    await hideSwitchedOff(deps.rollout, byId, viewerId)
    return { records: byId, stale: true }
  }
}

/**
 * The same for many at once, of whom some may be missing: while PostgreSQL does not answer, those whom the store has are shown, and
 * nobody else (R50). Whoever this viewer may not know to be here is missing like somebody who is not (R31).
 *
 * @returns with `isPartial`, whether somebody may be missing for that reason
 * @throws {PresenceError} STORE_UNAVAILABLE
 */
export async function readWhoIsKnown(
  deps: ServiceDeps,
  userIds: readonly string[],
  viewerId: string | null,
): Promise<Believed & { readonly isPartial: boolean }> {
  try {
    return { ...(await readBelieved(deps, userIds, viewerId)), isPartial: false }
  } catch (error) {
    if (!(error instanceof PresenceError && error.retryable) || isUnknownByNow(deps)) throw error
    const live = [...(await readLive(deps, userIds))]
    const shown = await Promise.all(live.map(([, record]) => mayReadLive(deps, record, viewerId)))
    return { records: new Map(live.filter((_one, i) => shown[i])), stale: false, isPartial: true }
  }
}

/** Whether what was known of anybody is too old to be shown. */
export function isUnknownByNow({ shared, staleAfterMs }: ServiceDeps): boolean {
  const { state, since } = shared?.state() ?? { state: 'live', since: 0 }
  return state === 'lost' && Date.now() - since > staleAfterMs
}

/** Whether the store itself only has PostgreSQL's word for it that this user is here (R23). */
export const isPresumed = ({ presumed, sessions }: UserRecord): boolean => presumed !== null && sessions.length === 0
