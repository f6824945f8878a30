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
  const decision = { kind: 'visibility', userId, visible, version, since } as const
  const failure = await save(deps, decision)
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

/** Milliseconds that hiding waits for PostgreSQL before it takes effect without it. */
const HIDING_WAITS_MS = 2_000

/** @returns what went wrong, or null. Hiding does not wait for a PostgreSQL that hangs. */
async function save({ durable }: ServiceDeps, decision: Decision & { kind: 'visibility' }): Promise<unknown> {
  const saving = durable.saveDecision(decision).then(
    () => null,
    (error: unknown) => error,
  )
  if (decision.visible) return saving
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(new Error('PostgreSQL did not answer in time')), HIDING_WAITS_MS)
  })
  return Promise.race([saving, late]).finally(() => clearTimeout(timer))
}

const isUserGone = (error: unknown): boolean => error instanceof PresenceError && error.code === 'USER_NOT_FOUND'
