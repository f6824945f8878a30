import { adoptDecisions, lacksDecision, outgrow } from '../../domain/node-steps.ts'
import type { UserRecord } from '../../domain/user-record.ts'
import type { Concern } from '../../store/contract.ts'
import type { ServiceDeps } from '../deps.ts'
import { changeUser } from '../records.ts'
import { announcementOf, placeViewers } from '../standings.ts'
import { restateUsers } from './restate.ts'

/** Users compared at once. */
const BATCH = 500

/** From time to time: whoever changed since the last time is in the store, so nobody else is read. */
export const reconcileAll = (deps: ServiceDeps): Promise<void> => reconcile(deps, () => true, { absent: false })

/**
 * Compares what this node told, and its connections, with the store, for the users concerned; the store is right (R46).
 *
 * @param absent whether users are compared with PostgreSQL whom the store does not hold: it may have lost them. @default true
 */
export async function reconcile(deps: ServiceDeps, concern: Concern, { absent = true } = {}): Promise<void> {
  await reconcileSessions(deps, concern)
  await reconcileTold(deps, concern, absent)
  for (const userIds of batches(deps.local.userIds().filter(concern))) await reconcileDecisions(deps, userIds)
}

async function reconcileTold(deps: ServiceDeps, concern: Concern, withAbsent: boolean): Promise<void> {
  const { hot, cold, broadcast } = deps
  const absent: string[] = []
  for (const userIds of batches([...broadcast.watched()].filter(concern))) {
    const records = await hot.read(userIds)
    for (const record of records.values()) await compare(deps, record)
    absent.push(...userIds.filter((userId) => !records.has(userId)))
  }
  if (!withAbsent) return
  // Last, because PostgreSQL may be away: what is live does not depend on it (R50).
  for (const userIds of batches(absent)) {
    for (const userId of userIds) cold.forget(userId)
    for (const record of await cold.loadMany(userIds)) await compare(deps, record)
  }
}

async function compare(deps: ServiceDeps, record: UserRecord): Promise<void> {
  const { userId } = record
  const told = Math.max(...AUDIENCES.map((audience) => deps.broadcast.latest(userId, audience)?.version ?? 0))
  if (told > newestVersion(record) && (await deps.hot.read([userId])).size > 0) {
    // The store lost what was told since. Nobody believes an older version, so the truth gets a newer one.
    await changeUser(deps, userId, (current, now) =>
      told > newestVersion(current) ? outgrow(current, told, now) : { record: current, ended: [] },
    )
    return
  }
  const announcement = announcementOf(record, deps.hot.now())
  await placeViewers(deps, record, announcement)
  deps.broadcast.announce(announcement)
}

const AUDIENCES = ['own', 'contact', 'stranger'] as const

const newestVersion = (record: UserRecord): number => Math.max(...AUDIENCES.map((audience) => record[audience].version))

async function reconcileSessions(deps: ServiceDeps, concern: Concern): Promise<void> {
  const { shared, hot, local } = deps
  if (!shared) return
  const here = local.userIds().filter(concern)
  const differing = new Set((await shared.ownUsers()).filter((userId) => concern(userId) && !here.includes(userId)))
  for (const userIds of batches(here)) {
    const records = await hot.read(userIds)
    for (const userId of userIds) if (differs(deps, userId, records.get(userId))) differing.add(userId)
  }
  await restateUsers(deps, differing)
}

/** Shows decisions that PostgreSQL has and the store does not: of a node that died between the two, or lost by the store (R20). */
export async function reconcileDecisions(deps: ServiceDeps, userIds: readonly string[]): Promise<void> {
  const { durable, hot, rules } = deps
  // First PostgreSQL: a decision that is made meanwhile is then shown by whoever makes it.
  const stored = await durable.load(userIds)
  const records = await hot.read(userIds)
  for (const decided of stored) {
    const record = records.get(decided.userId)
    if (!record || !lacksDecision(record, decided)) continue
    await hot.change(decided.userId, (current, now) => adoptDecisions(current, decided, now, rules))
  }
}

/** Whether a connection stands that the record does not know, or the other way round. */
function differs({ shared, local }: ServiceDeps, userId: string, record: UserRecord | undefined): boolean {
  const held = local.ofUser(userId)
  const standing = held.filter(({ goodbye }) => goodbye === null).map(({ sessionId }) => sessionId)
  const stored = (record?.sessions ?? []).filter(({ nodeId }) => shared?.isOwnNode(nodeId))
  return (
    held.length !== standing.length ||
    stored.length !== standing.length ||
    stored.some(({ sessionId, nodeId }) => nodeId !== shared?.nodeId() || !standing.includes(sessionId))
  )
}

function batches<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = []
  for (let i = 0; i < items.length; i += BATCH) parts.push(items.slice(i, i + BATCH))
  return parts
}
