import { LRUCache } from 'lru-cache'
import { mergeAccess } from '../domain/access.ts'
import { setAccess } from '../domain/steps.ts'
import type { AccessRow } from '../store/contract.ts'
import { closeHere, isAway } from './change-access.ts'
import type { ServiceDeps } from './deps.ts'

/** Rows read at once. */
const BATCH = 1_000
/** Microseconds that are read again each time: what was stamped first may have been stored last. */
const OVERLAP_US = 10_000_000

/**
 * Hears from PostgreSQL what was said of anybody's access, whichever node it was said to: should the store between them be away, or
 * their news get lost, a ban holds everywhere all the same (R61).
 *
 * @returns looks for what is new
 */
export function createAccessFollower(deps: ServiceDeps): () => Promise<void> {
  const { durable, hot } = deps
  const heard = new LRUCache<string, number>({ max: 10 * BATCH })
  let newest = Math.floor(hot.now() * 1000)

  return async function look() {
    for (let after = newest - OVERLAP_US; ; ) {
      const rows = await durable.accessSince(after, BATCH)
      for (const row of rows) {
        if (heard.get(row.userId) === row.saidAt) continue
        if (await take(deps, row)) heard.set(row.userId, row.saidAt)
      }
      after = rows.at(-1)?.saidAt ?? after
      newest = Math.max(newest, after)
      if (rows.length < BATCH) return
    }
  }
}

/** @returns whether the store knows now, too */
async function take(deps: ServiceDeps, { userId, access }: AccessRow): Promise<boolean> {
  const { admissions, cold, hot, rules } = deps
  admissions.forget(userId)
  cold.forget(userId)
  try {
    await hot.change(userId, (record, now) =>
      mergeAccess(record.access, access) === record.access
        ? { record, ended: [] }
        : setAccess(record, access, now, rules),
    )
    return true
  } catch (error) {
    if (!isAway(error)) throw error
    if (access.bar !== null) closeHere(deps, userId, access.bar)
    return false
  }
}
