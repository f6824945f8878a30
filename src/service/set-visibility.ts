import { PresenceError } from '../domain/errors.ts'
import { setVisible } from '../domain/steps.ts'
import type { Decision } from '../store/contract.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser, readRecord, stampVersion } from './records.ts'

export const readSettings = async (deps: ServiceDeps, userId: string): Promise<{ show_online_status: boolean }> => ({
  show_online_status: (await readRecord(deps, userId)).visibility.visible,
})

/**
 * Shows or hides a user. It fails private (R32): a hiding that PostgreSQL does not take holds live all the same and is
 * retried until it is stored; an un-hiding that it does not take is refused.
 *
 * @throws {PresenceError} NOT_DURABLE, STORE_UNAVAILABLE
 */
export async function setVisibility(
  deps: ServiceDeps,
  userId: string,
  visible: boolean,
): Promise<{ show_online_status: boolean }> {
  const { visibility } = await readRecord(deps, userId)
  const version = await stampVersion(deps, userId)
  const since = visible && !visibility.visible ? deps.hot.now() : visibility.since
  const decision: Decision = { kind: 'visibility', userId, visible, version, since }
  const failure = await tryToSave(deps, decision)
  if (failure && visible) throw failure
  await changeUser(deps, userId, (record, now) => setVisible(record, visible, version, now, deps.rules))
  if (!failure) return { show_online_status: visible }
  deps.pendingDecisions.add(decision)
  throw new PresenceError('NOT_DURABLE', 'You are hidden now, but it is not stored yet. It is tried again by itself.', {
    retryable: true,
    cause: failure,
  })
}

async function tryToSave(deps: ServiceDeps, decision: Decision): Promise<PresenceError | null> {
  try {
    await deps.durable.saveDecision(decision)
    return null
  } catch (error) {
    if (error instanceof PresenceError && error.code === 'STORE_UNAVAILABLE') return error
    throw error
  }
}
