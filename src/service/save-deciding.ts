import { PresenceError } from '../domain/errors.ts'
import type { ServiceDeps } from './deps.ts'
import type { Narrowing } from './pending-decisions.ts'
import { saveInTime, saveNow } from './save-in-time.ts'

/** What becomes of a decision about what others may know. */
export interface Deciding {
  /** Whether it takes anything from anybody: then it holds although it is not stored (R32). */
  readonly narrowing: boolean
  /** What to say then. */
  readonly sentence: string
  /** Has it hold, live. */
  apply(): Promise<void>
}

/**
 * Stores a decision and has it hold; fails private (R20, R32).
 *
 * @throws {PresenceError} NOT_DURABLE, STORE_UNAVAILABLE, USER_NOT_FOUND
 */
export async function saveDeciding(deps: ServiceDeps, decision: Narrowing, deciding: Deciding): Promise<void> {
  const { narrowing, sentence, apply } = deciding
  // What narrows does not wait for a PostgreSQL that hangs.
  const failure = await (narrowing ? saveInTime : saveNow)(deps, decision)
  if (failure !== null && (!narrowing || isUserGone(failure))) throw failure
  await apply()
  if (failure === null) return
  deps.pendingDecisions.add(decision)
  throw new PresenceError('NOT_DURABLE', sentence, { retryable: true, cause: failure })
}

const isUserGone = (error: unknown): boolean => error instanceof PresenceError && error.code === 'USER_NOT_FOUND'
