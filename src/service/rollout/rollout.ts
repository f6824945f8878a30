import type { Flags } from '../../flags/contract.ts'
import { isRemembered, unseen } from '../../domain/switch-off.ts'
import type { UserRecord } from '../../domain/user-record.ts'
import { PresenceError } from '../../domain/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { LocalSessions } from '../local-sessions.ts'
import { createDecisions, type Decisions } from './decisions.ts'
import { createDormantConnections, type DormantConnections } from './dormant.ts'

/** For whom presence is switched on at this node, and what stands here for those for whom it is not. */
export interface Rollout {
  readonly flags: Flags
  readonly decisions: Decisions
  readonly dormant: DormantConnections
}

export interface RolloutOptions {
  readonly flags: Flags
  readonly local: LocalSessions
  readonly log: Logger
  readonly onDormant: (count: number) => void
}

export function createRollout({ flags, local, log, onDormant }: RolloutOptions): Rollout {
  const dormant = createDormantConnections(onDormant)
  function standing(userId: string): boolean | undefined {
    if (local.ofUser(userId).some(({ goodbye }) => goodbye === null)) return true
    return dormant.ofUser(userId).length > 0 ? false : undefined
  }
  const decisions = createDecisions({ flags, log, standing, clock: () => performance.now() })
  return { flags, decisions, dormant }
}

/** Whether presence is there for this user; at once when nobody has to be asked. @param userId null: somebody who is not known */
export const isOn = (
  { rollout }: { readonly rollout: Rollout | null },
  userId: string | null,
): true | Promise<boolean> => (rollout === null ? true : rollout.decisions.isOn(userId))

/** @throws {PresenceError} SWITCHED_OFF */
export async function requireOn(deps: { readonly rollout: Rollout | null }, userId: string): Promise<void> {
  if (!(await isOn(deps, userId))) throw switchedOff()
}

/** It may be switched on at any moment, so trying again may help. */
export const switchedOff = (): PresenceError =>
  new PresenceError('SWITCHED_OFF', 'Presence is not switched on for this account.', { retryable: true })

/**
 * Shows nothing of those who are switched off and not here (R71). Whoever is here was let in by the node that holds their connection,
 * whose word counts: it retracts when that changes.
 *
 * @param viewerId sees themself as they are (R33)
 */
export async function hideSwitchedOff(
  rollout: Rollout | null,
  records: Map<string, UserRecord>,
  viewerId: string | null = null,
): Promise<void> {
  if (rollout === null) return
  const remembered = [...records.values()].filter((record) => record.userId !== viewerId && isRemembered(record))
  await Promise.all(
    remembered.map(async (record) => {
      if (!(await rollout.decisions.isOn(record.userId))) records.set(record.userId, unseen(record))
    }),
  )
}
