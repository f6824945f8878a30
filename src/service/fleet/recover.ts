import { PresenceError } from '../../domain/errors.ts'
import type { ServiceDeps } from '../deps.ts'

/** For how long one node has the recovery for itself; it may take longer, and doing it twice does no harm. */
const CLAIM_MS = 2_000
/** Users or sessions in one page of PostgreSQL. */
const PAGE = 1_000
/** Records brought into the store side by side. */
const AT_ONCE = 100

/** Does what is left of a recovery; the nodes take turns. What fails is tried again. */
export async function recover(deps: ServiceDeps, presumeMs: number): Promise<void> {
  const { shared, backlog, hot, log } = deps
  const { recovery } = backlog
  if (!shared || recovery === null) return
  if (recovery === 'wanted') {
    if (!(await shared.claim('recovery', CLAIM_MS))) return
    // What is lost meanwhile wants another one.
    backlog.recovery = null
    try {
      const users = await recoverPresent(deps)
      if (users > 0) log.warn({ users }, 'the store did not know of users who may be here; their nodes are waited for')
      backlog.recovery ??= { endRowsAt: hot.now() + 2 * presumeMs }
    } catch (error) {
      backlog.recovery = 'wanted'
      throw error
    }
  } else if (hot.now() >= recovery.endRowsAt) {
    const sessions = await endOrphanedRows(deps)
    if (sessions > 0) log.info({ sessions }, 'ended rows of sessions that nobody answered for')
    if (backlog.recovery === recovery) backlog.recovery = null
  }
}

/**
 * Brings everybody into the store whom PostgreSQL holds as present and the store does not know: after a start, and after the store lost
 * everything (R23). They are taken for present until their nodes had the time to say so; whoever nobody answers for goes offline by that
 * deadline, with the last evidence.
 */
async function recoverPresent(deps: ServiceDeps): Promise<number> {
  const { durable, hot } = deps
  let recovered = 0
  for await (const userIds of pages(
    (after: string | null) => durable.presentUsers(after, PAGE),
    (id) => id,
  )) {
    const kept = await hot.read(userIds)
    const unknown = userIds.filter((userId) => !kept.has(userId))
    recovered += unknown.length
    while (unknown.length > 0) await Promise.all(unknown.splice(0, AT_ONCE).map((userId) => warm(deps, userId)))
  }
  return recovered
}

async function warm({ cold, hot }: ServiceDeps, userId: string): Promise<void> {
  try {
    const record = await cold.load(userId)
    if (record) await hot.warm(record)
  } catch (error) {
    if (!(error instanceof PresenceError && error.code === 'USER_NOT_FOUND')) throw error
  }
}

/** Ends rows of `user_sessions` of which the store knows no session. @returns how many */
async function endOrphanedRows({ durable, hot }: ServiceDeps): Promise<number> {
  let ended = 0
  const next = (after: string | null) => durable.activeSessions(after, PAGE)
  for await (const rows of pages(next, ({ sessionId }) => sessionId)) {
    // Rows are written after their sessions began, so a session that is not there now has ended.
    const records = await hot.read([...new Set(rows.map(({ userId }) => userId))])
    const isLive = (row: { sessionId: string; userId: string }) =>
      records.get(row.userId)?.sessions.some(({ sessionId }) => sessionId === row.sessionId) === true
    const orphans = rows.filter((row) => !isLive(row)).map(({ sessionId }) => sessionId)
    await durable.endSessions(orphans)
    ended += orphans.length
  }
  return ended
}

async function* pages<Row>(
  read: (after: string | null) => Promise<Row[]>,
  keyOf: (row: Row) => string,
): AsyncGenerator<Row[]> {
  for (let after: string | null = null; ; ) {
    const rows = await read(after)
    if (rows.length > 0) yield rows
    const last = rows.at(-1)
    if (rows.length < PAGE || last === undefined) return
    after = keyOf(last)
  }
}
