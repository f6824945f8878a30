import type { Decision, DurableStore } from '../store/contract.ts'

/** Decisions that hold live but that PostgreSQL did not take yet: retried until it does (R32). */
export interface PendingDecisions {
  add(decision: Decision): void
  retry(): Promise<void>
}

export function createPendingDecisions(durable: DurableStore): PendingDecisions {
  const pending = new Map<string, Decision>()
  return {
    add: (decision) => pending.set(decision.userId, decision),
    retry: async () => {
      for (const [userId, decision] of pending) {
        await durable.saveDecision(decision)
        if (pending.get(userId) === decision) pending.delete(userId)
      }
    },
  }
}
