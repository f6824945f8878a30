import { PresenceError } from '../domain/errors.ts'
import { mergeActivity } from '../domain/steps.ts'
import { audienceOf, isLiveFor } from '../domain/info.ts'
import type { Rules } from '../domain/rules.ts'
import { settle, type UserRecord } from '../domain/user-record.ts'
import type { RecordChange, RecordStep } from '../store/contract.ts'
import type { ServiceDeps } from './deps.ts'
import { activityOf } from './local-sessions.ts'
import { hideSwitchedOff } from './rollout/rollout.ts'
import { mayReadLive } from './standings.ts'

/** A record may be forgotten between warming and changing, though hardly twice in a row. */
const MAX_ATTEMPTS = 5

export const userNotFound = (): PresenceError => new PresenceError('USER_NOT_FOUND', 'There is no such user.')

/** Runs an attempt, with the record as PostgreSQL has it when the store holds none. */
async function whenWarm<Result>(
  { cold }: ServiceDeps,
  userId: string,
  attempt: (cold?: UserRecord) => Promise<Result | null>,
): Promise<Result> {
  let record: UserRecord | undefined
  for (let tries = 0; tries < MAX_ATTEMPTS; tries += 1) {
    const result = await attempt(record)
    if (result !== null) return result
    record = (await cold.load(userId)) ?? undefined
    if (!record) throw userNotFound()
  }
  throw new PresenceError('STORE_UNAVAILABLE', 'The record of this user cannot be kept at the moment.', {
    retryable: true,
  })
}

/**
 * Changes one user's record atomically, bringing it in from PostgreSQL first when it is cold.
 *
 * @throws {PresenceError} USER_NOT_FOUND, STORE_UNAVAILABLE
 */
export const changeUser = (deps: ServiceDeps, userId: string, step: RecordStep): Promise<RecordChange> =>
  // Whatever the change, it goes on from the newest activity, of which the store may not have been told yet (R12).
  whenWarm(deps, userId, (cold) =>
    deps.hot.change(
      userId,
      (record, now) => step(mergeActivity(record, activityOf(deps.local, userId), now), now),
      cold,
    ),
  )

/** Reserves the version of a decision (R20). */
export const stampVersion = (deps: ServiceDeps, userId: string): Promise<number> =>
  whenWarm(deps, userId, async (cold) => {
    if (cold) await deps.hot.warm(cold)
    return deps.hot.stampVersion(userId)
  })

/**
 * Records of these users, live where there is one, else as PostgreSQL has them; unknown users are left out. Of whom this viewer may not
 * know whether they are here, they are looked up there like somebody who is not: neither an outage nor the time that it takes may tell
 * (R31). So is whoever tells contacts more than strangers: it shows nobody who is one, and only an outage asks the host. What somebody
 * reads of themself is not remembered, as others would be answered from it.
 */
export async function readRecords(
  deps: ServiceDeps,
  userIds: readonly string[],
  viewerId: string | null,
): Promise<Map<string, UserRecord>> {
  const found = await deps.hot.read(userIds)
  const coldIds = userIds.filter((userId) => {
    const record = found.get(userId)
    return !record || !isLiveForAll(record, viewerId)
  })
  if (coldIds.length > 0) {
    try {
      await fillIn(deps, found, coldIds, viewerId)
    } catch (error) {
      // Contacts of everybody who is missing need nothing from there (R50).
      if (!isRetryable(error) || !(await mayReadAllLive(deps, found, coldIds, viewerId))) throw error
    }
  }
  return asTheyAre(deps, found, viewerId)
}

const isRetryable = (error: unknown): boolean => error instanceof PresenceError && error.retryable

/** The same as {@link mayReadLive}, as far as nobody has to be asked who is a contact. */
function isLiveForAll(record: UserRecord, viewerId: string | null): boolean {
  const audience = audienceOf(record, viewerId)
  return audience === 'own' || (audience !== 'nobody' && isLiveFor(record, 'stranger'))
}

/** Adds what PostgreSQL has of those whom the live store does not, and takes out whoever is not there. */
async function fillIn(
  { cold }: ServiceDeps,
  found: Map<string, UserRecord>,
  userIds: readonly string[],
  viewerId: string | null,
): Promise<void> {
  const ofOthers = userIds.filter((userId) => userId !== viewerId)
  const own = viewerId !== null && userIds.includes(viewerId) ? [cold.load(viewerId)] : []
  const stored = await Promise.all([cold.loadMany(ofOthers, viewerId), ...own])
  const byId = new Map(stored.flat().flatMap((record) => (record ? [[record.userId, record] as const] : [])))
  for (const userId of userIds) {
    const record = byId.get(userId)
    if (!record) found.delete(userId)
    else if (!found.has(userId)) found.set(userId, record)
  }
}

async function mayReadAllLive(
  deps: ServiceDeps,
  found: ReadonlyMap<string, UserRecord>,
  userIds: readonly string[],
  viewerId: string | null,
): Promise<boolean> {
  const known = await Promise.all(
    userIds.map(async (userId) => {
      const record = found.get(userId)
      return record !== undefined && mayReadLive(deps, record, viewerId)
    }),
  )
  return known.every(Boolean)
}

/** Records of those whom the hot store holds; others are left out. */
export const readLive = async (
  deps: Pick<ServiceDeps, 'hot' | 'rules' | 'rollout'>,
  userIds: readonly string[],
): Promise<Map<string, UserRecord>> => asTheyAre(deps, await deps.hot.read(userIds))

/**
 * Expiry counts when reading, too, however late its deadline is handled (R11); whoever was deleted is like nobody (R61), and whoever is
 * switched off like somebody who was never here (R71).
 */
async function asTheyAre(
  { hot, rules, rollout }: Pick<ServiceDeps, 'hot' | 'rules' | 'rollout'>,
  found: Map<string, UserRecord>,
  viewerId: string | null = null,
): Promise<Map<string, UserRecord>> {
  const now = hot.now()
  for (const [userId, record] of found) {
    if (record.access.bar === 'USER_DELETED') found.delete(userId)
    else found.set(userId, expired(record, now, rules))
  }
  await hideSwitchedOff(rollout, found, viewerId)
  return found
}

/** The record with its choice expired, if that is over. */
export function expired(record: UserRecord, now: number, rules: Rules): UserRecord {
  const { expiresAt } = record.choice
  return expiresAt !== null && expiresAt <= now ? settle(record, record, expiresAt, rules).record : record
}

/** The record of somebody who asks about themself, as it is stored now. @throws {PresenceError} USER_NOT_FOUND */
export async function readRecord(deps: ServiceDeps, userId: string): Promise<UserRecord> {
  const record = (await readRecords(deps, [userId], userId)).get(userId)
  if (!record) throw userNotFound()
  return record
}
