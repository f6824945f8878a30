import { currentChoice } from '../domain/presence.ts'
import { choose } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser, readRecord, stampVersion } from './records.ts'

/**
 * Takes a user's message away, and leaves the rest of their choice. Reports of it are settled with it. Like a decision of theirs it
 * is stored before it is shown (R20). See {@link PresenceVerbs.clearMessage}.
 */
export async function clearMessage(deps: ServiceDeps, userId: string, by: string): Promise<void> {
  const version = await stampVersion(deps, userId)
  const now = deps.hot.now()
  const { status, expiresAt } = currentChoice((await readRecord(deps, userId)).choice, now)
  // Nothing chosen leaves nothing to expire.
  const choice = { status, message: null, expiresAt: status === null ? null : expiresAt, version }
  await deps.durable.saveDecision({ kind: 'choice', userId, choice })
  await changeUser(deps, userId, (record, at) => choose(record, choice, at, deps.rules))
  await deps.reports.resolve(userId, by, now)
}
