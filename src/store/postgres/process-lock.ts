import { QueryTypes, type Sequelize } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { ADVISORY_LOCKS } from './advisory-locks.ts'
import { asUnavailable } from './database.ts'
import { dedicated } from './dedicated.ts'

export interface ProcessLock {
  /** Lets another process start. Idempotent. */
  release(): Promise<void>
}

/** Who may hold the lock at once: one process without Redis, or any number with it. */
export type LockMode = 'alone' | 'among-others'

export interface ProcessLockOptions {
  /** What is locked. @default 'process' */
  readonly lock?: keyof typeof ADVISORY_LOCKS
  /** @default 'alone' */
  readonly mode?: LockMode
  /** Another process took the lock while the connection was broken: two are running now. */
  readonly onLost?: (error: PresenceError) => void
}

/**
 * Makes sure that a process without Redis is the only one on this database (R8). The lock lives on a connection of its
 * own, outside the host's pool, and PostgreSQL frees it when the process ends, however it ends. When the connection
 * breaks, the lock is taken again as soon as PostgreSQL answers.
 *
 * @throws {PresenceError} ALREADY_RUNNING · STORE_UNAVAILABLE
 */
export async function takeProcessLock(
  sequelize: Sequelize,
  { lock = 'process', mode = 'alone', onLost }: ProcessLockOptions = {},
): Promise<ProcessLock> {
  const holding = new AbortController()
  let held = await lockedConnection(sequelize, lock, mode, (): void => void takeAgain())

  async function takeAgain(): Promise<void> {
    await held.close()
    while (!holding.signal.aborted) {
      await pause()
      try {
        held = await lockedConnection(sequelize, lock, mode, (): void => void takeAgain())
        if (holding.signal.aborted) await held.close()
        return
      } catch (error) {
        if (!(error instanceof PresenceError) || error.code === 'STORE_UNAVAILABLE') continue
        onLost?.(error)
        return
      }
    }
  }

  return {
    async release() {
      holding.abort()
      await held.close()
    },
  }
}

const RETRY_MS = 1_000
// A process that has nothing else to do may end while it waits.
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())

interface LockedConnection {
  /** Ends the connection, and with it the lock. Idempotent. */
  close(): Promise<void>
}

/** @param onEnd the connection ended without being closed */
async function lockedConnection(
  host: Sequelize,
  lock: keyof typeof ADVISORY_LOCKS,
  mode: LockMode,
  onEnd: () => void,
): Promise<LockedConnection> {
  let state: 'opening' | 'held' | 'closed' = 'opening'
  const sequelize = dedicated(host, () => {
    if (state === 'held') onEnd()
  })
  const close = async (): Promise<void> => {
    if (state === 'closed') return
    state = 'closed'
    await sequelize.close()
  }
  try {
    const sql = `select ${TRY[mode]}($1) as taken`
    const bind = [ADVISORY_LOCKS[lock]]
    const [answer] = await sequelize.query<{ taken: boolean }>(sql, { bind, type: QueryTypes.SELECT, logging: false })
    if (!answer?.taken) throw new PresenceError('ALREADY_RUNNING', REFUSAL[mode])
    state = 'held'
    return { close }
  } catch (error) {
    await close()
    throw asUnavailable(error)
  }
}

// https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS
const TRY: Record<LockMode, string> = {
  alone: 'pg_try_advisory_lock',
  'among-others': 'pg_try_advisory_lock_shared',
}

const REFUSAL: Record<LockMode, string> = {
  alone:
    'Another process already keeps the presence of this database, and without Redis there can be only one: ' +
    'stop the other one, or set REDIS_URL for both.',
  'among-others':
    'A process without Redis keeps the presence of this database in its memory: ' +
    'stop it, or set REDIS_URL for it, too.',
}
