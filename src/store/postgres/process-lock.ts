import { type Options, QueryTypes, Sequelize } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { ADVISORY_LOCKS } from './advisory-locks.ts'
import { asUnavailable } from './database.ts'

export interface ProcessLock {
  /** Lets another process start. Idempotent. */
  release(): Promise<void>
}

/**
 * Makes sure that this is the only process without Redis on this database (R8). The lock lives on a connection of its
 * own, outside the host's pool, and PostgreSQL frees it when the process ends, however it ends. When the connection
 * breaks, the lock is taken again as soon as PostgreSQL answers.
 *
 * @param onLost another process took the lock while the connection was broken: two are running now
 * @throws {PresenceError} ALREADY_RUNNING · STORE_UNAVAILABLE
 */
export async function takeProcessLock(
  sequelize: Sequelize,
  { onLost }: { onLost?: (error: PresenceError) => void } = {},
): Promise<ProcessLock> {
  let held = await lockedConnection(sequelize, (): void => void keep())
  let released = false

  async function keep(): Promise<void> {
    await held.close()
    while (!released) {
      await pause()
      try {
        held = await lockedConnection(sequelize, (): void => void keep())
        if (released) await held.close()
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
      released = true
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
async function lockedConnection(host: Sequelize, onEnd: () => void): Promise<LockedConnection> {
  const { sequelize, connected } = dedicated(host)
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    await sequelize.close()
  }
  try {
    const sql = 'select pg_try_advisory_lock($1) as taken'
    const bind = [ADVISORY_LOCKS.process]
    const [answer] = await sequelize.query<{ taken: boolean }>(sql, { bind, type: QueryTypes.SELECT, logging: false })
    if (!answer?.taken) throw new PresenceError('ALREADY_RUNNING', ALREADY_RUNNING)
    connected()?.once('end', () => {
      if (!closed) onEnd()
    })
    return { close }
  } catch (error) {
    await close()
    throw asUnavailable(error)
  }
}

const ALREADY_RUNNING =
  'Another process already keeps the presence of this database, and without Redis there can be only one: ' +
  'stop the other one, or set REDIS_URL for both.'

/** What pg's client tells of its own end. */
interface RawConnection {
  once(event: 'end', listener: () => void): unknown
}

/** A Sequelize with the host's settings and exactly one connection, which is never reaped. */
function dedicated(host: Sequelize): { sequelize: Sequelize; connected: () => RawConnection | null } {
  const { options } = host as unknown as { options: Options }
  const { database, username, password, host: address, port } = host.config
  const access = { database, username, password, host: address, port: Number(port) }
  const pool = { max: 1, min: 1, idle: Number.MAX_SAFE_INTEGER, evict: 60_000 }
  let connection: RawConnection | null = null
  const given = Object.fromEntries(Object.entries({ ...options, ...access }).filter(([, value]) => value !== null))
  const sequelize = new Sequelize({ ...given, dialect: 'postgres', pool, logging: false })
  sequelize.addHook('afterConnect', (raw: unknown) => {
    connection = raw as RawConnection
  })
  return { sequelize, connected: () => connection }
}
