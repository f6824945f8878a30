import { setTimeout as sleep } from 'node:timers/promises'
import { QueryTypes, Sequelize } from 'sequelize'

/** What the host's own statements met while something else went on. */
export interface Met {
  readonly statements: number
  readonly failed: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
  /** The longest that one of them was seen waiting for a lock. */
  readonly lockedMs: number
}

export interface HostLoad {
  /** Does something, and tells what the host's statements met meanwhile. */
  during<Result>(work: () => Promise<Result>): Promise<{ result: Result; met: Met; tookMs: number }>
  /** Ends it. @returns how many rows it renamed: what it was told is written has to be there */
  end(): Promise<number>
}

const WORKERS = 4
const EVERY_MS = 5
const LOOK_EVERY_MS = 10
/** A report that reads users: longer than a migration waits, again and again. */
const REPORT_MS = 4_000
const REPORT_EVERY_MS = 8_000
const NAME = 'drill-load'
/** A connection may take its time on a machine that has much to do: that is no failure of a statement. */
const PATIENT = { acquire: 600_000 }

/** Reads and writes of users, as a busy host's, and a long report now and then. */
export async function startHostLoad(url: string, users: number): Promise<HostLoad> {
  const options = { logging: false, dialectOptions: { application_name: NAME } } as const
  const host = new Sequelize(url, { ...options, pool: { max: 2 * WORKERS, ...PATIENT } })
  const reports = new Sequelize(url, { logging: false, pool: { max: 1, ...PATIENT } })
  const watching = new Sequelize(url, { logging: false, pool: { max: 1, ...PATIENT } })
  const ending = new AbortController()
  let took: number[] = []
  let failed = 0
  let lockedMs = 0
  let renamed = 0

  const somebody = () => Math.floor(Math.random() * users) + 1
  const read = () => host.query(`select id, name from users where id = md5('${somebody()}')::uuid`)
  async function rename(): Promise<void> {
    await host.query(
      `update users set name = 'renamed ${somebody()}', renames = renames + 1 where id = md5('${somebody()}')::uuid`,
    )
    renamed += 1
  }
  const pause = (ms: number) => sleep(ms, undefined, { signal: ending.signal }).catch(() => {})

  async function work(statement: () => Promise<unknown>): Promise<void> {
    while (!ending.signal.aborted) {
      const since = performance.now()
      await statement().catch(() => (failed += 1))
      took.push(performance.now() - since)
      await pause(EVERY_MS)
    }
  }

  async function report(): Promise<void> {
    while (!ending.signal.aborted) {
      await reports.transaction(async (transaction) => {
        await reports.query('select count(*) from users', { transaction })
        await pause(REPORT_MS)
      })
      await pause(REPORT_EVERY_MS - REPORT_MS)
    }
  }

  /** What PostgreSQL itself says of who waits, which the load on this machine does not lengthen. */
  async function watch(): Promise<void> {
    const sql = `select coalesce(max(extract(epoch from clock_timestamp() - query_start)), 0)::float8 * 1000 as ms
      from pg_stat_activity where application_name = '${NAME}' and wait_event_type = 'Lock'`
    while (!ending.signal.aborted) {
      const [answer] = await watching.query<{ ms: number }>(sql, { type: QueryTypes.SELECT })
      lockedMs = Math.max(lockedMs, answer?.ms ?? 0)
      await pause(LOOK_EVERY_MS)
    }
  }

  const running = [...Array.from({ length: WORKERS }, () => [work(read), work(rename)]).flat(), report(), watch()]
  return {
    async during(doing) {
      took = []
      failed = lockedMs = 0
      const since = performance.now()
      const result = await doing()
      const sorted = took.toSorted((a, b) => a - b)
      const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
      const spread = { p50Ms: at(0.5), p99Ms: at(0.99) }
      const met = { statements: sorted.length, failed, ...spread, longestMs: sorted.at(-1) ?? 0, lockedMs }
      return { result, met, tookMs: performance.now() - since }
    },
    async end() {
      ending.abort()
      await Promise.all(running)
      await Promise.all([host, reports, watching].map((one) => one.close()))
      return renamed
    },
  }
}
