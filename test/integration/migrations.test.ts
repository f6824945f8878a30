import { QueryTypes, Sequelize, type Transaction } from 'sequelize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { uuidIds } from '../../src/domain/user-id.ts'
import { migratePresence, rollbackPresence } from '../../src/store/postgres/migrate.ts'
import { takeProcessLock } from '../../src/store/postgres/process-lock.ts'
import { eventually } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
/** Milliseconds that a migration may wait for a lock in these tests. */
const LOCK_MS = 300
/** More than any statement may take besides, on a machine that has something else to do: without a limit it would be the whole test. */
const SLACK_MS = 10_000
/** Milliseconds for tests that wait, and rest in between. */
const LONG_MS = 90_000
const LARGE = 'user_sessions_connected'

let database: TestDatabase
let said: string[]

beforeEach(async () => {
  database = await createTestDatabase()
  said = []
  await query('create table users (id uuid primary key, name text)')
  await query(`insert into users select md5(n::text)::uuid, 'user ' || n from generate_series(1, 1000) n`)
})
afterEach(() => database.drop())

const query = <Row extends object>(sql: string, transaction?: Transaction): Promise<Row[]> =>
  database.sequelize.query<Row>(sql, { type: QueryTypes.SELECT, ...(transaction && { transaction }) })

const options = (giveUpMs = 60_000) => ({
  sequelize: database.sequelize,
  ...HOST,
  log: (line: string) => void said.push(line),
  patience: { lockTimeoutMs: LOCK_MS, giveUpMs },
})
const up = (giveUpMs?: number) => migratePresence(options(giveUpMs))
const down = (steps: number | 'all', giveUpMs?: number) => rollbackPresence({ ...options(giveUpMs), steps })

const waits = () => said.filter((line) => line.includes('tries again'))

async function columns(): Promise<number> {
  const sql = `select 1 from information_schema.columns where table_name = 'users' and table_schema = 'public'`
  return (await query(sql)).length
}

/** Reads and writes of users by somebody else, one after the other, and how long the longest took. */
function others() {
  const sequelize = new Sequelize(database.url, { logging: false })
  const over = new AbortController()
  let longestMs = 0
  let done = 0
  const running = (async () => {
    while (!over.signal.aborted) {
      for (const sql of ['select name from users limit 5', `update users set name = 'x' where id = md5('7')::uuid`]) {
        const since = performance.now()
        await sequelize.query(sql)
        longestMs = Math.max(longestMs, performance.now() - since)
        done += 1
      }
    }
  })()
  return {
    done: () => done,
    async end() {
      over.abort()
      await running
      await sequelize.close()
      return longestMs
    },
  }
}

/** Somebody's report, which has read users and is not over. */
async function longReader(): Promise<Transaction> {
  const transaction = await database.sequelize.transaction()
  await query('select count(*) from users', transaction)
  return transaction
}

describe('a migration behind somebody who reads for long', { timeout: LONG_MS }, () => {
  test.each([
    ['R56 up', () => up(), 6],
    ['R56 down', () => down('all'), 2],
  ])('%s: waits for a moment at a time, while others go on, and is done when it can be', async (way, run, after) => {
    if (way === 'R56 down') await up()
    const reader = await longReader()
    const busy = others()
    const migrating = run()
    await eventually(
      async () => waits().length,
      (times) => times >= 2,
    )
    const before = busy.done()
    await eventually(
      async () => busy.done() - before,
      (more) => more > 20,
    )
    expect(await columns()).toBe(way === 'R56 up' ? 2 : 6)
    await reader.commit()
    expect(await migrating).toContain('001-host-columns')
    expect(await busy.end()).toBeLessThan(LOCK_MS + SLACK_MS)
    expect(await columns()).toBe(after)
    expect(waits()[0]).toMatch(
      /gave way after 300 ms and tries again: process \d+ of PostgreSQL has been at it for \d+ s/,
    )
  })

  test('waits longer for a vacuum, which PostgreSQL takes out of the way only of whoever waits for a second', async () => {
    const vacuum = await database.sequelize.transaction()
    // The lock that one holds while it works.
    await query('lock table users in share update exclusive mode', vacuum)
    const migrating = up()
    await eventually(
      async () => waits().length,
      (times) => times >= 2,
    )
    expect(waits()[0]).toMatch(/gave way after 300 ms .* a vacuum or the like among them$/)
    expect(waits()[1]).toMatch(/gave way after 2000 ms/)
    await vacuum.commit()
    expect(await migrating).toHaveLength(10)
  })

  test('R56 gives up in the end, says who it was, and leaves nothing half-done', async () => {
    const reader = await longReader()
    const sentence = /in use for too long: process \d+ .*Nothing is half-done/
    await expect(up(0)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(sentence),
    })
    expect(await columns()).toBe(2)
    expect(await query(`select to_regtype('enum_users_online_status') as type`)).toEqual([{ type: null }])
    await reader.commit()
    expect(await up()).toHaveLength(10)
  })
})

test('R56 users are not rewritten, up or down', async () => {
  const files = () => query(`select pg_relation_filenode('users') as file`)
  const rows = () => query('select ctid::text, xmin::text from users order by id')
  const before = [await files(), await rows()]
  await up()
  expect([await files(), await rows()]).toEqual(before)
  await down('all')
  expect([await files(), await rows()]).toEqual(before)
})

test.each(['alone', 'among-others'] as const)(
  'R52 nothing is taken away below a process that serves %s, unless by force',
  async (mode) => {
    await up()
    const serving = await takeProcessLock(database.sequelize, { mode })
    const before = await columns()
    await expect(down('all')).rejects.toMatchObject({ code: 'ALREADY_RUNNING', message: /start your app without/ })
    expect(await columns()).toBe(before)
    // An upgrade is taken back beside the version before it, which serves.
    expect(await down(1)).toHaveLength(1)
    expect(await rollbackPresence({ ...options(), steps: 'all', isForced: true })).not.toEqual([])
    await serving.release()
    await up()
    expect(await down('all')).not.toEqual([])
    // It keeps nobody away any longer than it takes.
    await (await takeProcessLock(database.sequelize, { mode })).release()
  },
)

describe('an index on a large table', { timeout: LONG_MS }, () => {
  const state = async (name = LARGE) => {
    const [found] = await query<{ valid: boolean | null }>(
      `select (select indisvalid from pg_index where indexrelid = to_regclass('${name}')) as valid`,
    )
    return found?.valid === null ? 'missing' : found?.valid ? 'valid' : 'invalid'
  }
  const addSessions = () =>
    query(`insert into user_sessions (id, user_id, socket_id, connected_at, last_ping)
      select gen_random_uuid(), id, 's', now(), now() from users`)
  const builder = async () => {
    const [found] = await query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and state = 'active'
        and query ilike 'create index concurrently%' and wait_event = 'virtualxid'`,
    )
    return found?.pid ?? 0
  }

  test('R56 is built while everybody writes, and built anew after it was interrupted', async () => {
    await up()
    await addSessions()
    // The three newest, as in a database that is that much older.
    await down(3)
    expect(await state()).toBe('missing')
    // Somebody's older snapshot, which a build has to wait for at its end.
    const older = await database.sequelize.transaction()
    await query('set transaction isolation level repeatable read', older)
    await query('select 1 from users limit 1', older)
    const first = up()
    const interrupted = expect(first).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const pid = await eventually(builder, (found) => found > 0)
    // It is in nobody's way.
    await addSessions()
    expect(await query(`select mode from pg_locks where pid = ${pid} and relation = 'users'::regclass`)).toEqual([])
    await query(`select pg_terminate_backend(${pid})`)
    await interrupted
    expect(await state()).toBe('invalid')

    await older.commit()
    expect(await up()).toEqual([])
    expect(said).toContain(`presence: the index ${LARGE} was left half-built: building it again`)
    expect(await state()).toBe('valid')
    said = []
    expect(await up()).toEqual([])
    expect(said).toEqual([])
  })

  test('goes and comes back with the migration that needs it', async () => {
    await up()
    await query('insert into porchlight_presence (user_id) select id from users')
    // Down to 003, where another one served searches.
    await down(7)
    expect(await state('porchlight_presence_shown')).toBe('valid')
    expect(await state('porchlight_presence_by_rating')).toBe('missing')
    await up()
    expect(await state('porchlight_presence_shown')).toBe('missing')
    expect(await state('porchlight_presence_by_rating')).toBe('valid')
  })

  test('is left to a host that has partitioned the table', async () => {
    await up()
    await query('drop table user_sessions')
    await query(
      'create table user_sessions (id uuid, user_id uuid, connected_at timestamptz) partition by hash (user_id)',
    )
    expect(await up()).toEqual([])
    expect(await state()).toBe('missing')
  })
})
