import { type Access, OPEN_ACCESS } from '../domain/access.ts'
import { PresenceError } from '../domain/errors.ts'
import type { Revocation } from '../domain/session.ts'
import { setAccess } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser, stampVersion } from './records.ts'
import { saveInTime, saveNow } from './save-in-time.ts'

/** Bans a user, on every node and until further notice. @returns how many sessions it ended */
export const banUser = (deps: ServiceDeps, userId: string): Promise<number> => decide(deps, userId, { bar: 'BANNED' })

/** Takes a ban back. It holds on until PostgreSQL knows. */
export const unbanUser = async (deps: ServiceDeps, userId: string): Promise<void> =>
  void (await decide(deps, userId, { bar: null }))

/** Accepts no token of this user any more that was issued before now, and ends their sessions. @returns how many */
export const revokeTokens = (deps: ServiceDeps, userId: string): Promise<number> =>
  decide(deps, userId, { tokensSince: deps.hot.now() })

/**
 * The host deleted this user: to everybody they are like somebody who never was. There is nothing left to store; nodes that cannot be
 * told find out by themselves ({@link endDeleted}).
 *
 * @returns how many sessions it ended
 */
export async function forgetUser(deps: ServiceDeps, userId: string): Promise<number> {
  const { hot, cold, rules, purge, admissions } = deps
  cold.forget(userId)
  admissions.forget(userId)
  try {
    const change = await hot.change(userId, (record, now) => {
      const version = Math.max(record.access.version + 1, Math.floor(now * 1000))
      return setAccess(record, { ...OPEN_ACCESS, bar: 'USER_DELETED', version }, now, rules)
    })
    purge.hidden(userId)
    // The store may not know them, and connections stand all the same.
    return change ? change.ended.length : closeHere(deps, userId, 'USER_DELETED')
  } catch (error) {
    if (!isAway(error)) throw error
    return closeHere(deps, userId, 'USER_DELETED')
  }
}

/** Users compared with the host's table at once. */
const BATCH = 1_000

/** Whoever is connected here and was deleted by a hand that did not tell us. */
export async function endDeleted(deps: ServiceDeps): Promise<void> {
  const here = deps.local.userIds()
  for (let i = 0; i < here.length; i += BATCH) {
    const missing = await deps.durable.missingUsers(here.slice(i, i + BATCH))
    for (const userId of missing) await forgetUser(deps, userId)
  }
}

/**
 * Stores what the host says of a user's access, and makes it hold. It fails closed: what PostgreSQL does not take holds live all the
 * same, unless it lets somebody in; what the live store does not take every node reads from PostgreSQL (R61).
 *
 * @throws {PresenceError} USER_NOT_FOUND, NOT_DURABLE, STORE_UNAVAILABLE
 */
async function decide(deps: ServiceDeps, userId: string, change: Partial<Access>): Promise<number> {
  const version = change.bar === undefined ? 0 : await versionOf(deps, userId)
  const access = { ...OPEN_ACCESS, ...change, version }
  const decision = { kind: 'access', userId, access } as const
  const letsIn = change.bar === null
  const failure = await (letsIn ? saveNow : saveInTime)(deps, decision)
  if (failure !== null && (letsIn || !isAwayOrLate(failure))) throw failure
  const ended = await hold(deps, userId, access, failure === null)
  if (!letsIn) deps.purge.hidden(userId)
  if (failure === null) return ended
  throw new PresenceError('NOT_DURABLE', 'It holds now, but it is not stored yet. It is tried again by itself.', {
    retryable: true,
    cause: failure,
  })
}

async function versionOf(deps: ServiceDeps, userId: string): Promise<number> {
  try {
    return await stampVersion(deps, userId)
  } catch (error) {
    if (!isAway(error)) throw error
    // Versions are at least the time, so it is above all that was said before.
    return Math.floor(deps.hot.now() * 1000)
  }
}

/** @param isStored whether other nodes can read it from PostgreSQL */
async function hold(deps: ServiceDeps, userId: string, access: Access, isStored: boolean): Promise<number> {
  deps.admissions.forget(userId)
  deps.cold.forget(userId)
  try {
    const { ended } = await changeUser(deps, userId, (record, now) => setAccess(record, access, now, deps.rules))
    return ended.length
  } catch (error) {
    if (!isStored || !isAway(error)) throw error
    return access.bar === null && access.tokensSince === null ? 0 : closeHere(deps, userId, access.bar ?? 'SIGNED_OUT')
  }
}

/** Closes a user's connections on this node while the store cannot be told: it is as soon as it is back. @returns how many */
export function closeHere(deps: ServiceDeps, userId: string, why: Revocation): number {
  const standing = deps.local.ofUser(userId).filter(({ goodbye }) => goodbye === null)
  for (const held of standing) {
    held.goodbye = { clean: true, at: deps.hot.now() }
    deps.broadcast.remove(held.socketId)
    deps.broadcast.signOut(held.socketId, why)
  }
  if (standing.length > 0) deps.backlog.unstated.add(userId)
  return standing.length
}

export const isAway = (error: unknown): boolean => error instanceof PresenceError && error.retryable

const isAwayOrLate = (error: unknown): boolean => !(error instanceof PresenceError) || error.retryable
