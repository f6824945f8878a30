import { PresenceError } from '../domain/errors.ts'
import { adoptDecisions } from '../domain/node-steps.ts'
import type { Rules } from '../domain/rules.ts'
import type { UserRecord } from '../domain/user-record.ts'
import type { Decision, DurableStore } from '../store/contract.ts'

/** A decision that takes something from somebody. */
export type Narrowing = Extract<Decision, { kind: 'visibility' | 'block' }>

/** Decisions that hold live but that PostgreSQL did not take yet: retried until it does (R32). */
export interface PendingDecisions {
  add(decision: Narrowing): void
  /** Whom PostgreSQL still shows to strangers though they have decided otherwise: reads from there must leave them out (R30). */
  hidden(): readonly string[]
  /** Of whom anything waits to be stored. */
  users(): readonly string[]
  /** The record with what its user decided and is not stored in it. */
  applyTo(record: UserRecord, now: number, rules: Rules): UserRecord
  /** @throws the first failure, after all were tried */
  retry(): Promise<void>
}

export function createPendingDecisions(durable: DurableStore): PendingDecisions {
  /** By user, and by what it is about. */
  const pending = new Map<string, Map<string, Narrowing>>()

  async function retryOne(decision: Narrowing): Promise<void> {
    try {
      await durable.saveDecision(decision)
    } catch (error) {
      // Of somebody who was deleted meanwhile there is nothing left to hide.
      if (!(error instanceof PresenceError && error.code === 'USER_NOT_FOUND')) throw error
    }
    const ofUser = pending.get(decision.userId)
    if (ofUser?.get(subjectOf(decision)) === decision) ofUser.delete(subjectOf(decision))
    if (ofUser?.size === 0) pending.delete(decision.userId)
  }

  const decisionsOf = (userId: string): Narrowing[] => [...(pending.get(userId)?.values() ?? [])]

  return {
    add(decision) {
      const ofUser = pending.get(decision.userId) ?? new Map<string, Narrowing>()
      pending.set(decision.userId, ofUser.set(subjectOf(decision), decision))
    },
    hidden: () => [...pending.keys()].filter((userId) => decisionsOf(userId).some(({ kind }) => kind === 'visibility')),
    users: () => [...pending.keys()],
    applyTo(record, now, rules) {
      const decisions = decisionsOf(record.userId)
      if (decisions.length === 0) return record
      const visibility = decisions.find((decision) => decision.kind === 'visibility')?.visibility ?? record.visibility
      const pairs = decisions.flatMap((decision) => {
        if (decision.kind !== 'block') return []
        const { viewerId, blocked, version, floor } = decision
        return [{ viewerId, blocked, version, floor }]
      })
      return adoptDecisions(record, { ...record, visibility, pairs }, now, rules).record
    },
    retry: async () => {
      const outcomes = await Promise.allSettled(
        [...pending.keys()].flatMap((userId) => decisionsOf(userId).map(retryOne)),
      )
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed) throw failed.reason
    },
  }
}

const subjectOf = (decision: Narrowing): string => (decision.kind === 'block' ? decision.viewerId : 'visibility')
