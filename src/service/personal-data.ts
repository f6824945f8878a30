import { erase, outlives } from '../domain/erase.ts'
import type { Asker, AuditLine } from '../store/contract.ts'
import type { ServiceDeps } from './deps.ts'
import { newReceipt } from './receipt.ts'
import { changeUser, readRecord, userNotFound } from './records.ts'
import type { ErasedData, UserData } from './verbs.ts'

/** Times that an erasure is made anew when the store loses its memory in the middle of it. */
const MAX_ATTEMPTS = 3

/** See {@link PresenceVerbs.exportUser}. */
export async function exportUser(deps: ServiceDeps, userId: string, askedBy: Asker): Promise<UserData> {
  const record = await readRecord(deps, userId)
  // Rows are written behind, so a session of a moment ago may not have one yet.
  await deps.sessionLog.flush()
  const { receipt, proof } = newReceipt(userId)
  const line: AuditLine = { action: 'export', askedBy, proof, at: deps.hot.now() }
  const stored = await deps.durable.exportUser(userId, line)
  if (stored === null) throw userNotFound()
  deps.log.info({ askedBy, proof }, 'the data of a user was handed out')
  return { record, stored, receipt, at: line.at }
}

/**
 * First the live system lets go, on all nodes, then PostgreSQL, and only then is it answered (R20, R32). When PostgreSQL is away, the user
 * is gone for everybody else all the same; whoever asked is told to ask again.
 */
export async function eraseUser(deps: ServiceDeps, userId: string, askedBy: Asker): Promise<ErasedData> {
  const { hot, durable, purge, cold, rules, log } = deps
  const { receipt, proof } = newReceipt(userId)
  for (let attempt = 1; ; attempt += 1) {
    const { after, at } = await changeUser(deps, userId, (record, now) => erase(record, now, rules))
    purge.hidden(userId)
    await hot.forgetPast(userId)
    const rows = await durable.eraseUser(after, { action: 'erase', askedBy, proof, at })
    cold.forget(userId)
    // A store that lost everything meanwhile may have read what PostgreSQL still had.
    const held = (await hot.read([userId])).get(userId)
    if (held && outlives(held, after) && attempt < MAX_ATTEMPTS) continue
    if (deps.hasDirectory) await durable.refreshListing([userId])
    log.info({ askedBy, proof, rows }, 'the data of a user was erased')
    return { receipt, rows }
  }
}
