import {
  ConnectionError,
  DatabaseError,
  ForeignKeyConstraintError,
  QueryTypes,
  type Sequelize,
  TimeoutError,
  type Transaction,
} from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'

/** Runs SQL with bound values. Failures that pass by themselves are STORE_UNAVAILABLE; all others travel on. */
export interface Database {
  /** @throws {PresenceError} STORE_UNAVAILABLE */
  rows<Row extends object>(sql: string, bind?: readonly unknown[]): Promise<Row[]>
}

export const openDatabase = (sequelize: Sequelize, transaction?: Transaction): Database => ({
  async rows<Row extends object>(sql: string, bind: readonly unknown[] = []): Promise<Row[]> {
    const values = bind.length === 0 ? {} : { bind: [...bind] }
    const inside = transaction === undefined ? {} : { transaction }
    try {
      return await sequelize.query<Row>(sql, { ...values, ...inside, type: QueryTypes.SELECT, logging: false })
    } catch (error) {
      throw asUnavailable(error)
    }
  },
})

// https://www.postgresql.org/docs/current/errcodes-appendix.html: connections, resources, shutdown, cancelled, deadlock,
// serialization, lock not available, read-only as a replica is after a failover. All may be gone the next time.
const PASSING = /^(08...|53...|57P0.|57014|40001|40P01|55P03|25006)$/
const SOCKET_FAILURES = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'])

/** Words a failure of PostgreSQL itself as one; anything else comes back as it was. */
export function asUnavailable(error: unknown): unknown {
  if (!isPassing(error)) return error
  return new PresenceError('STORE_UNAVAILABLE', 'The database does not answer.', { retryable: true, cause: error })
}

function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true
  if (!(error instanceof DatabaseError)) return false
  const { code, message } = error.parent as Error & { code?: string }
  // A connection that breaks under a running statement has words but no code.
  if (code === undefined) return /connection (terminated|ended)|not queryable/i.test(message)
  return PASSING.test(code) || SOCKET_FAILURES.has(code)
}

/**
 * Runs a batch once more when a user was deleted under it: the second time their rows are left out.
 *
 * @param batch one statement that takes only users who exist
 */
export async function despiteDeletions<T>(batch: () => Promise<T>): Promise<T> {
  try {
    return await batch()
  } catch (error) {
    if (error instanceof ForeignKeyConstraintError) return await batch()
    throw error
  }
}
