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
import { createGuard, type Guard, type GuardOptions } from '../guard.ts'

/** Runs SQL with bound values. Failures that pass by themselves are STORE_UNAVAILABLE; all others travel on. */
export interface Database {
  /** @throws {PresenceError} STORE_UNAVAILABLE */
  rows<Row extends object>(sql: string, bind?: readonly unknown[]): Promise<Row[]>
}

export interface DatabaseOptions {
  /** Statements go through it. Without it they take the time they take, as migrations may. */
  readonly guard?: Guard
  readonly transaction?: Transaction
}

/** Runs several statements as one, which waits for locks of others only a moment: it can be tried again. */
export type Transact = <Result>(work: (inside: Database) => Promise<Result>) => Promise<Result>

const LOCK_MS = 2_000

/** @param guard the whole goes through it, not each statement */
export const openTransactions =
  (sequelize: Sequelize, guard?: Guard): Transact =>
  async (work) => {
    const run = () =>
      sequelize.transaction(async (transaction) => {
        const inside = openDatabase(sequelize, { transaction })
        await inside.rows(`set local lock_timeout = ${LOCK_MS}`)
        return work(inside)
      })
    try {
      return await (guard ? guard.call(run) : run())
    } catch (error) {
      throw asUnavailable(error)
    }
  }

export function openDatabase(sequelize: Sequelize, { guard, transaction }: DatabaseOptions = {}): Database {
  const inside = transaction === undefined ? {} : { transaction }
  return {
    async rows<Row extends object>(sql: string, bind: readonly unknown[] = []): Promise<Row[]> {
      const values = bind.length === 0 ? {} : { bind: [...bind] }
      // All are typed as reading, for their rows; a host's replica would refuse those that write, and lag with the others (R32).
      const where = { ...inside, useMaster: true }
      const run = (): Promise<Row[]> =>
        sequelize.query<Row>(sql, { ...values, ...where, type: QueryTypes.SELECT, logging: false })
      try {
        return await (guard ? guard.call(run) : run())
      } catch (error) {
        throw asUnavailable(error)
      }
    },
  }
}

/** A guard for all statements of one presence system: a PostgreSQL that hangs is like one that is not there (R50). */
export const guardDatabase = (options: Omit<GuardOptions, 'name' | 'isAway'>): Guard =>
  createGuard({ ...options, name: 'PostgreSQL', isAway })

// https://www.postgresql.org/docs/current/errcodes-appendix.html: connections, resources, shutdown.
const AWAY = /^(08...|53...|57P0.)$/
// Cancelled, deadlock, serialization, lock not available, read-only as a replica is after a failover: gone the next time, perhaps.
const PASSING = /^(57014|40001|40P01|55P03|25006)$/
const BROKEN = /connection (terminated|ended)|not queryable/i
const SOCKET_FAILURES = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'])

/** Words a failure of PostgreSQL itself as one; anything else comes back as it was. */
export function asUnavailable(error: unknown): unknown {
  if (!isAway(error) && !PASSING.test(codeOf(error) ?? '')) return error
  return new PresenceError('STORE_UNAVAILABLE', 'The database does not answer.', { retryable: true, cause: error })
}

/** Whether PostgreSQL could not be asked at all. */
function isAway(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true
  // One that breaks while it is being prepared says so in words of the driver's own.
  if (!(error instanceof DatabaseError)) return error instanceof Error && BROKEN.test(error.message)
  const code = codeOf(error)
  // A connection that breaks under a running statement has words but no code.
  if (code === undefined) return BROKEN.test(error.parent.message)
  return AWAY.test(code) || SOCKET_FAILURES.has(code)
}

/** PostgreSQL's own code of a failure, also of one that was worded as unavailable. */
export const sqlStateOf = (error: unknown): string | undefined =>
  codeOf(error instanceof PresenceError ? error.cause : error)

const codeOf = (error: unknown): string | undefined =>
  error instanceof DatabaseError ? (error.parent as Error & { code?: string }).code : undefined

/**
 * Runs a batch once more when a user was deleted under it: the second time their rows are left out.
 *
 * @param batch one statement
 * @param careful the same, which takes only users who exist. @default the batch does
 */
export async function despiteDeletions<T>(batch: () => Promise<T>, careful: () => Promise<T> = batch): Promise<T> {
  try {
    return await batch()
  } catch (error) {
    if (error instanceof ForeignKeyConstraintError) return await careful()
    throw error
  }
}
