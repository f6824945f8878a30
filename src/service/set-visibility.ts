import { PresenceError } from '../domain/errors.ts'
import { setVisible } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser, readRecord, stampVersion } from './records.ts'
import { saveInTime, saveNow } from './save-in-time.ts'

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
  const decision = { kind: 'visibility', userId, visible, version, since } as const
  // Hiding does not wait for a PostgreSQL that hangs.
  const failure = await (visible ? saveNow : saveInTime)(deps, decision)
  if (failure !== null && (visible || isUserGone(failure))) throw failure
  await changeUser(deps, userId, (record, now) => setVisible(record, visible, version, now, deps.rules))
  if (!visible) deps.purge.hidden(userId)
  if (failure === null) return { show_online_status: visible }
  deps.pendingDecisions.add(decision)
  throw new PresenceError('NOT_DURABLE', 'You are hidden now, but it is not stored yet. It is tried again by itself.', {
    retryable: true,
    cause: failure,
  })
}

const isUserGone = (error: unknown): boolean => error instanceof PresenceError && error.code === 'USER_NOT_FOUND'
