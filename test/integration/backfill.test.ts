import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QueryTypes, Sequelize } from 'sequelize'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { backfillPresence, type BackfillSettings } from '../../src/backfill-command.ts'
import { newRecord } from '../../src/domain/user-record.ts'
import { integerIds, uuidIds } from '../../src/domain/user-id.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { migratePresence } from '../../src/store/postgres/migrate.ts'
import { eventually, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { runCli } from '../support/process.ts'

/** Milliseconds for tests that start commands as processes, one after the other. */
const PROCESSES_MS = 90_000
const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
const SETTINGS: BackfillSettings = { from: 'last_login_at', batch: '1000', pause: '0', maxLag: '10' }
const LOGIN = Date.UTC(2025, 2, 4, 10, 20, 30, 456)

let database: TestDatabase

const query = <Row extends object>(sql: string, bind: unknown[] = []): Promise<Row[]> =>
  database.sequelize.query<Row>(sql, { ...(bind.length > 0 && { bind }), type: QueryTypes.SELECT })

/** The id of the n-th user. */
const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

async function createHost(users: number, on: TestDatabase = database): Promise<void> {
  await on.sequelize.query('create table users (id uuid primary key, name text, last_login_at timestamptz)')
  // To the microsecond, as PostgreSQL's own clock writes it; every tenth never logged in.
  await on.sequelize.query(
    `insert into users select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user ' || n,
      case when n % 10 > 0 then to_timestamp($1::float8 / 1000) + n * interval '1 minute' + interval '789 microseconds' end
    from generate_series(1, $2::int) n`,
    { bind: [LOGIN, users] },
  )
  await migratePresence({ sequelize: on.sequelize, ...HOST })
}

async function fill(
  settings: Partial<BackfillSettings> = {},
  on: TestDatabase = database,
  said: string[] = [],
): Promise<string> {
  const tells = {
    progress: () => {},
    say: (line: string) => void said.push(line),
    signal: new AbortController().signal,
  }
  said.push(await backfillPresence({ sequelize: on.sequelize, ...HOST }, { ...SETTINGS, ...settings }, tells))
  return said.join('\n')
}

const storeOf = ({ sequelize }: TestDatabase) =>
  createDurableStore({ sequelize, ...HOST, nodeId: 'a', directory: null })

/** All that a backfill writes, and nothing that says when. */
async function stateOf(on: TestDatabase): Promise<object[]> {
  return on.sequelize.query(
    `select to_jsonb(u) as host, to_jsonb(p) as own from users u
      left join porchlight_presence p on p.user_id = u.id order by u.id`,
    { type: QueryTypes.SELECT },
  )
}

/** Which rows were written, and how often. */
const rowVersions = () =>
  query(`select u.ctid::text, u.xmin::text, p.ctid::text as own, p.xmin::text as own_xmin
    from users u left join porchlight_presence p on p.user_id = u.id order by u.id`)

describe('a backfill', () => {
  beforeEach(async () => void (database = await createTestDatabase()))
  afterEach(() => database.drop())

  test('R57 R13 fills in when users were here last, to the millisecond, for others and for themselves', async () => {
    await createHost(30)
    expect(await fill()).toBe('30 users looked at: the last activity of 27 were filled in.')
    const at = LOGIN + 60_000
    const [record, never] = await storeOf(database).load([idOf(1), idOf(10)])
    expect(record).toMatchObject({
      version: 0,
      lastSeenAt: at,
      lastActivityAt: at,
      own: { status: 'offline', lastSeenAt: at },
      stranger: { status: 'offline', lastSeenAt: at },
      shown: { lastSeenAt: at, lastActivityAt: at },
    })
    expect(never).toMatchObject({ lastSeenAt: null, stranger: { lastSeenAt: null } })
    expect(await query('select last_activity from users where id = $1', [idOf(1)])).toEqual([
      { last_activity: new Date(at) },
    ])
    // What searches go by.
    expect(
      await query('select public_activity, listed_seen from porchlight_presence where user_id = $1', [idOf(1)]),
    ).toEqual([{ public_activity: new Date(at), listed_seen: new Date(at) }])
  })

  test('leaves out what is no moment of the past', async () => {
    await createHost(5)
    await query(`update users set last_login_at = now() + interval '1 hour' where id = $1`, [idOf(1)])
    await query(`update users set last_login_at = 'infinity' where id = $1`, [idOf(2)])
    await query(`update users set last_login_at = 'epoch' where id = $1`, [idOf(3)])
    expect(await fill()).toMatch(/of 2 were filled in\. 3 last logins are not moments of the past: left out\.$/)
    expect(await query('select 1 from users where last_activity > now()')).toEqual([])
  })

  test('R57 R30 R32 R34 of whoever hides, or is barred, others get to know nothing, then and later', async () => {
    await createHost(4)
    await query('update users set show_online_status = false where id = any($1::uuid[])', [[idOf(1), idOf(2)]])
    await query(`insert into porchlight_access (user_id, bar, bar_version, said_at) values ($1, 'BANNED', 1, 1)`, [
      idOf(3),
    ])
    // Listed while they hid, as providers are before a backfill.
    await query('insert into porchlight_presence (user_id, visible, city) values ($1, false, $2)', [idOf(2), '1'])
    expect(await fill()).toMatch(/of 4 were filled in\. 3 of them hide, or are barred/)
    const nothing = { kept_last_seen: null, kept_activity: null, public_last_seen: null, public_activity: null }
    expect(
      await query(
        `select kept_last_seen, kept_activity, public_last_seen, public_activity, listed_activity, last_activity
        from porchlight_presence where user_id <> $1 order by user_id`,
        [idOf(4)],
      ),
    ).toEqual(
      [1, 2, 3].map((n) => ({ ...nothing, listed_activity: null, last_activity: new Date(LOGIN + n * 60_000) })),
    )
    expect(await query('select 1 from users where last_activity is not null and id <> $1', [idOf(4)])).toEqual([])
    // They show themselves again, and it does not come out.
    await query('update users set show_online_status = true')
    await query('delete from porchlight_access')
    const later = await storeOf(database).load([idOf(1), idOf(2), idOf(3)])
    expect(later.map(({ stranger, shown }) => [stranger.lastSeenAt, shown.lastSeenAt])).toEqual(
      later.map(() => [null, null]),
    )
    expect(later.map(({ own }) => own.lastSeenAt)).toEqual([1, 2, 3].map((n) => LOGIN + n * 60_000))
    await fill()
    expect(await query('select 1 from users where last_activity is not null and id <> $1', [idOf(4)])).toEqual([])
  })

  test('R57 R13 leaves alone what presence or the host wrote, be it older', async () => {
    await createHost(4)
    const store = storeOf(database)
    const older = LOGIN - 86_400_000
    const seen = { ...newRecord(idOf(1)), version: 5, lastActivityAt: older, lastSeenAt: older }
    await store.project([seen])
    // Decided something, and was never here.
    const choice = { status: 'dnd' as const, message: null, expiresAt: null, version: 7 }
    await store.saveDecision({ kind: 'choice', userId: idOf(2), choice: { ...newRecord(idOf(2)).choice, ...choice } })
    await query('update users set last_activity = to_timestamp($1::float8 / 1000) where id = $2', [older, idOf(3)])
    expect(await fill()).toBe('4 users looked at: the last activity of 2 were filled in.')
    const [first, second, third, fourth] = await store.load([1, 2, 3, 4].map(idOf))
    expect(first).toMatchObject({ lastSeenAt: older, version: 5 })
    expect(second).toMatchObject({ lastSeenAt: null, choice })
    expect(third).toMatchObject({ lastSeenAt: older, stranger: { lastSeenAt: older } })
    expect(fourth).toMatchObject({ lastSeenAt: LOGIN + 4 * 60_000 })
  })

  test('R57 R13 what presence read before it and writes after it takes nothing back; an erasure takes all', async () => {
    await createHost(3)
    const store = storeOf(database)
    const read = await store.load([idOf(1), idOf(2)])
    expect(read).toMatchObject([{ lastSeenAt: null }, { lastSeenAt: null }])
    await fill()
    const at = LOGIN + 86_400_000
    // A request without a connection: use, and nobody who was here.
    await store.project(read.map((record) => ({ ...record, version: 5, lastActivityAt: at })))
    const moments = { lastSeenAt: LOGIN + 60_000, lastActivityAt: at, own: { lastSeenAt: LOGIN + 60_000 } }
    expect(await store.load([idOf(1)])).toMatchObject([{ ...moments, shown: { lastSeenAt: LOGIN + 60_000 } }])
    const line = { proof: 'p', action: 'erase', askedBy: 'self', at: Date.now() } as const
    await store.eraseUser({ ...newRecord(idOf(3)), version: 9 }, line)
    expect(await store.load([idOf(3)])).toMatchObject([
      { lastSeenAt: null, lastActivityAt: null, own: { lastSeenAt: null }, shown: { lastSeenAt: null } },
    ])
    expect(await query('select last_activity from users where id = $1', [idOf(3)])).toEqual([{ last_activity: null }])
    await fill()
    expect(await store.load([idOf(3)])).toMatchObject([{ lastSeenAt: null }])
  })

  test('fills in who was listed before it, and whoever is listed after it keeps what was filled in', async () => {
    await createHost(2)
    await query('insert into porchlight_presence (user_id, city) values ($1, $2)', [idOf(1), 'lyon'])
    await fill()
    await query(
      `insert into porchlight_presence as p (user_id, city) values ($1, $2) on conflict (user_id) do update set city = excluded.city`,
      [idOf(2), 'lyon'],
    )
    expect(await query(`select listed_seen from porchlight_presence where city = 'lyon' order by user_id`)).toEqual(
      [1, 2].map((n) => ({ listed_seen: new Date(LOGIN + n * 60_000) })),
    )
  })

  test('R57 does nothing the second time, in another size of batch either', async () => {
    await createHost(250)
    await fill({ batch: '7' })
    const before = [await stateOf(database), await rowVersions()]
    expect(await fill({ batch: '100' })).toBe('250 users looked at: the last activity of 0 were filled in.')
    expect([await stateOf(database), await rowVersions()]).toEqual(before)
    expect(await query('select * from porchlight_backfill')).toEqual([])
  })

  test('counts in a dry run what it would write, and writes nothing', async () => {
    await createHost(250)
    await query('update users set show_online_status = false where id = $1', [idOf(3)])
    const before = await rowVersions()
    const words = await fill({ dryRun: true })
    expect(words).toMatch(/^250 users looked at: the last activity of 225 would be filled in\. 1 of them hide/)
    expect(await rowVersions()).toEqual(before)
    expect(await query('select 1 from porchlight_backfill')).toEqual([])
    expect(await fill()).toBe(words.replace('would be', 'were'))
  })

  test('takes dates, times without a zone as UTC, integer ids and other names', async () => {
    await query('create table members (no int primary key, "lastLogin" timestamp, born date)')
    await query(`insert into members values (2, '2025-03-04 10:00', '2025-01-02'), (10, null, '2025-01-02')`)
    const host = { usersTable: 'members', idColumn: 'no', userId: integerIds }
    const { sequelize } = database
    await migratePresence({ sequelize, ...host })
    const tells = { progress: () => {}, say: () => {}, signal: new AbortController().signal }
    const from = (column: string) =>
      backfillPresence({ sequelize, ...host }, { ...SETTINGS, from: column, batch: '1' }, tells)
    expect(await from('lastLogin')).toMatch(/of 1 were/)
    expect(await from('born')).toMatch(/^2 users looked at: the last activity of 1 were/)
    expect(await query('select no, last_activity from members order by no')).toEqual([
      { no: 2, last_activity: new Date('2025-03-04T10:00:00Z') },
      { no: 10, last_activity: new Date('2025-01-02T00:00:00Z') },
    ])
  })

  test.each([
    ['last_seen_on', /no column "last_seen_on".*--from/],
    ['name', /"users"\."name" is text; a last login is a timestamp or a date/],
    ['name; drop table users', /is not a name of a table or column/],
  ])('R52 refuses the column %s with a sentence', async (from, sentence) => {
    await createHost(1)
    await expect(fill({ from })).rejects.toThrow(sentence)
  })

  test('R52 refuses a database that was not migrated, and numbers that are none', async () => {
    await query('create table users (id uuid primary key, last_login_at timestamptz)')
    await expect(fill()).rejects.toThrow(/Run porchlight migrate first/)
    await expect(fill({ batch: '0' })).rejects.toThrow(/--batch is a whole number from 1/)
    await expect(fill({ pause: '-1' })).rejects.toThrow(/--pause is a number/)
    await expect(fill({ maxLag: 'never' })).rejects.toThrow(/--max-lag is a number of seconds/)
  })

  test('waits for whoever has locked a row, and fills it in as they left it', async () => {
    await createHost(20)
    const other = await database.sequelize.transaction()
    const at = new Date(LOGIN - 1_000)
    await database.sequelize.query('insert into porchlight_presence (user_id, version, last_seen) values ($1, 9, $2)', {
      bind: [idOf(3), at],
      transaction: other,
    })
    const said: string[] = []
    const filling = fill({}, database, said)
    await eventually(
      async () => said,
      (lines) => lines.length > 0,
    )
    await other.commit()
    expect(await filling).toMatch(/^The database is busy, or away: waiting\.\n20 users looked at.* of 17 were/)
    expect(await query('select last_seen from porchlight_presence where user_id = $1', [idOf(3)])).toEqual([
      { last_seen: at },
    ])
  })

  test('waits while a replica is behind', async () => {
    await createHost(20)
    // There is no replica here: what PostgreSQL says of them is put in front of its own view.
    await query('create table behind (replay_lag interval)')
    await query('create schema lagging')
    await query('create view lagging.pg_stat_replication as select replay_lag from public.behind')
    await query(`insert into behind values ('15 seconds'), (null)`)
    const url = new URL(database.url)
    await query(`alter database ${url.pathname.slice(1)} set search_path = lagging, public, pg_catalog`)
    const sequelize = new Sequelize(database.url, { logging: false })
    const said: string[] = []
    const filling = fill({}, { ...database, sequelize }, said)
    await eventually(
      async () => said,
      (lines) => lines.length > 0,
    )
    expect(await query('select 1 from porchlight_presence')).toEqual([])
    await query('delete from behind')
    expect(await filling).toMatch(/^A replica is more than 10 s behind: waiting for it\.\n20 users/)
    await sequelize.close()
  })
})

describe('porchlight backfill', () => {
  let home: string

  beforeEach(async () => {
    database = await createTestDatabase()
    home = await mkdtemp(join(tmpdir(), 'porchlight-backfill-'))
  })
  afterEach(async () => {
    await database.drop()
    await rm(home, { recursive: true, force: true })
  })

  const run = (...args: string[]) =>
    runCli(['backfill', '--from', 'last_login_at', ...args], { DATABASE_URL: database.url }, home)

  test('R57 goes on where it was killed, and ends with the same as one that was not', {
    timeout: PROCESSES_MS,
  }, async () => {
    await createHost(2_000)
    const killed = run('--batch', '20', '--pause', '3')
    await eventually(
      () => query<{ looked: number }>('select looked::int from porchlight_backfill'),
      ([job]) => (job?.looked ?? 0) >= 200,
    )
    killed.kill('SIGKILL')
    expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' })
    // PostgreSQL notices a moment later, and takes back the batch that was under way.
    await eventually(
      () =>
        query(`select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
          and state <> 'idle'`),
      (busy) => busy.length === 0,
    )
    const written = (await query('select 1 from porchlight_presence')).length
    expect(written).toBeGreaterThanOrEqual(180)
    expect(written).toBeLessThan(1_800)

    const again = run()
    expect(await again.ended, again.output()).toMatchObject({ code: 0 })
    const [, first = ''] = /Going on behind the first ([\d,]+) users/.exec(again.output()) ?? []
    expect(Number(first.replace(',', ''))).toBeGreaterThanOrEqual(200)
    // What the killed one wrote counts as well.
    expect(again.output()).toMatch(/^2,000 users looked at: the last activity of 1,800 were filled in\.$/m)

    const whole = await createTestDatabase()
    await createHost(2_000, whole)
    await fill({}, whole)
    expect(await stateOf(database)).toEqual(await stateOf(whole))
    await whole.drop()
  })

  test('tells how far it is where there is no terminal, and ends cleanly on Ctrl-C', {
    timeout: PROCESSES_MS,
  }, async () => {
    await createHost(2_000)
    const running = run('--batch', '10', '--pause', '20')
    await running.prints(/^users: [\d,]+ of 2,000, \d+ a second, .* left$/m)
    running.kill('SIGINT')
    expect(await running.ended).toMatchObject({ code: 130 })
    expect(running.output()).toMatch(/the same command goes on from here\.$/m)
    expect(running.output()).not.toContain('\r')
    const wrong = runCli(['backfill', '--from', 'nothing'], { DATABASE_URL: database.url }, home)
    expect(await wrong.ended).toMatchObject({ code: 1 })
    expect(wrong.output()).toBe('"users" has no column "nothing". Name the one with the last login with --from.\n')
  })
})

describe('a backfill beside people who come, go and hide', () => {
  beforeAll(async () => void (database = await createTestDatabase({ marketplace: true })))
  afterAll(() => database.drop())

  test('R57 R13 R32 moves nothing backwards, and overwrites nothing that presence wrote', {
    timeout: PROCESSES_MS,
  }, async () => {
    const market = await startMarketplace({}, { database, clock: Date.now })
    await query('alter table users add column last_login_at timestamptz')
    await query(`update users set last_login_at = now() - interval '3 days'`)
    await watchForStepsBack()
    const people = await Promise.all(Array.from({ length: 24 }, (_, n) => market.person('provider', n)))
    const live = async () => {
      for (const [n, person] of people.entries()) {
        const client = await market.connect(person)
        if (n % 3 === 0) await client.ask('setStatus', { status: 'away', message: 'back soon' })
        if (n % 4 === 0) {
          const json = { show_online_status: false }
          await market.http('/api/users/presence/settings', { method: 'PATCH', as: person, json })
        }
        if (n % 2 === 0) client.leave()
      }
    }
    const [, words] = await Promise.all([live(), fill({ batch: '2', pause: '2' })])
    expect(words).toMatch(/^221 users looked at/)
    // What is written behind is written by now.
    await eventually(
      () => query(`select 1 from porchlight_presence where status <> 'offline'`),
      (present) => present.length === 12,
    )
    expect(await query('select * from steps_back')).toEqual([])
    // Whoever hid before their turn shows nothing; whoever was here is shown by that.
    expect(
      await query(
        'select 1 from porchlight_presence where not visible and (public_last_seen is not null or public_activity is not null)',
      ),
    ).toEqual([])
    const [seen] = await query<{ here: number }>(
      `select count(*)::int as here from porchlight_presence where last_seen > now() - interval '1 hour'`,
    )
    expect(seen?.here).toBe(24)
    await market.stop()
  })

  /** Writes down each moment that an update moved back, or took away. */
  async function watchForStepsBack(): Promise<void> {
    await query('create table steps_back (what text, before timestamptz, after timestamptz)')
    await query(`create function note_steps_back() returns trigger language plpgsql as $$
      declare name text;
      begin
        foreach name in array tg_argv loop
          if (to_jsonb(old)->>name)::timestamptz > coalesce((to_jsonb(new)->>name)::timestamptz, '-infinity') then
            insert into steps_back values (tg_table_name || '.' || name, (to_jsonb(old)->>name)::timestamptz, (to_jsonb(new)->>name)::timestamptz);
          end if;
        end loop;
        return new;
      end $$`)
    for (const [table, columns] of [
      ['users', `'last_activity'`],
      ['porchlight_presence', `'last_seen', 'last_activity', 'own_last_seen', 'kept_last_seen', 'kept_activity'`],
    ]) {
      await query(
        `create trigger steps_back after update on ${table} for each row execute function note_steps_back(${columns})`,
      )
    }
  }
})
