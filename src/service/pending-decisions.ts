import { PresenceError } from '../domain/errors.ts'
import type { Decision, DurableStore } from '../store/contract.ts'

type Hiding = Extract<Decision, { kind: 'visibility' }>

/** Hidings that hold live but that PostgreSQL did not take yet: retried until it does (R32). */
export interface PendingDecisions {
  add(decision: Hiding): void
  /** Whom PostgreSQL still shows though they have hidden: reads from there must leave them out (R30). */
  users(): readonly string[]
  /** The hiding of this user that waits to be stored. */
  hidingOf(userId: string): Hiding | undefined
  /** @throws the first failure, after all were tried */
  retry(): Promise<void>
}

export function createPendingDecisions(durable: DurableStore): PendingDecisions {
  const pending = new Map<string, Hiding>()

  async function retryOne(decision: Hiding): Promise<void> {
    try {
      await durable.saveDecision(decision)
    } catch (error) {
      // Of somebody who was deleted meanwhile there is nothing left to hide.
      if (!(error instanceof PresenceError && error.code === 'USER_NOT_FOUND')) throw error
    }
    if (pending.get(decision.userId) === decision) pending.delete(decision.userId)
  }

  return {
    add: (decision) => pending.set(decision.userId, decision),
    users: () => [...pending.keys()],
    hidingOf: (userId) => pending.get(userId),
    retry: async () => {
      const outcomes = await Promise.allSettled([...pending.values()].map(retryOne))
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed) throw failed.reason
    },
  }
}
