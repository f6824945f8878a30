import { PresenceError } from '../domain/errors.ts'
import type { Session } from '../domain/session.ts'
import type { DurableStore, SessionRow } from '../store/contract.ts'
import { asError, type Logger } from '../telemetry/logger.ts'
import type { LocalSession } from './local-sessions.ts'

/** Rows of `user_sessions` that wait to be written: at most one per session, whatever happened to it meanwhile. */
export interface SessionLog {
  note(row: SessionRow): void
  /** Writes what waits. What a failing PostgreSQL did not take, waits on. */
  flush(): Promise<void>
}

const BATCH = 1_000

export function createSessionLog(durable: DurableStore, log: Logger): SessionLog {
  const waiting = new Map<string, SessionRow>()

  /** Writes a batch; when PostgreSQL refuses it for what it says, each row by itself, so that one holds up no other. */
  async function save(rows: readonly SessionRow[]): Promise<void> {
    try {
      await durable.saveSessions(rows)
    } catch (error) {
      if (error instanceof PresenceError && error.retryable) throw error
      const [only, ...others] = rows
      if (only === undefined) return
      if (others.length > 0) for (const row of rows) await save([row])
      else log.error({ err: asError(error), sessionId: only.sessionId }, 'a session cannot be written and is left out')
    }
  }

  return {
    note: (row) => {
      const before = waiting.get(row.sessionId)
      waiting.set(row.sessionId, before ? merge(before, row) : row)
    },
    flush: async () => {
      while (waiting.size > 0) {
        const rows = [...waiting.values()].slice(0, BATCH)
        await save(rows)
        // A row that changed during the write waits for the next one.
        for (const row of rows) if (waiting.get(row.sessionId) === row) waiting.delete(row.sessionId)
      }
    },
  }
}

/** An ended session stays ended, and who ends it may not know where it came from. */
const merge = (before: SessionRow, row: SessionRow): SessionRow => ({
  ...row,
  ipAddress: row.ipAddress ?? before.ipAddress,
  userAgent: row.userAgent ?? before.userAgent,
  lastPing: Math.max(before.lastPing, row.lastPing),
  isActive: before.isActive && row.isActive,
})

/** The row of a session that another node began, at its end: what only that node knows is in the row already. */
export const foreignRow = (session: Session, userId: string, endedAt: number): SessionRow => ({
  sessionId: session.sessionId,
  userId,
  socketId: session.socketId,
  deviceType: session.deviceType,
  ipAddress: null,
  userAgent: null,
  connectedAt: session.connectedAt,
  lastPing: endedAt,
  isActive: false,
})

/** The row of a session of this node. @param lastPing epoch milliseconds: connect, coarse flush, or end */
export const sessionRow = (session: LocalSession, lastPing: number, isActive: boolean): SessionRow => ({
  sessionId: session.sessionId,
  userId: session.userId,
  socketId: session.socketId,
  deviceType: session.deviceType,
  ipAddress: session.ipAddress,
  userAgent: session.userAgent,
  connectedAt: session.connectedAt,
  lastPing,
  isActive,
})
