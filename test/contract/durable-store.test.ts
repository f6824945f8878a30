import { randomUUID } from 'node:crypto'
import { DataTypes, QueryTypes } from 'sequelize'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NO_CHOICE } from '../../src/domain/presence.ts'
import type { Status } from '../../src/domain/status.ts'
import { integerIds, uuidIds } from '../../src/domain/user-id.ts'
import { newRecord, type UserRecord } from '../../src/domain/user-record.ts'
import { UNSEEN } from '../../src/domain/view.ts'
import type { DurableStore, ProviderRow, ProviderSearch, ProviderSort, SessionRow } from '../../src/store/contract.ts'
import { isDirectoryId, type ProviderDirectory } from '../../src/store/postgres/directory.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { extendUserModel } from '../../src/store/postgres/extend-user-model.ts'
import { migratePresence, rollbackPresence } from '../../src/store/postgres/migrate.ts'
import { takeProcessLock } from '../../src/store/postgres/process-lock.ts'
import { defineUserSession } from '../../src/store/postgres/user-session-model.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0, 123)
const MINUTE = 60_000
const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
const DIRECTORY: ProviderDirectory = {
  providers: {
    table: 'provider_cards',
    id: 'id',
    city: 'city_id',
    rating: 'rating',
    price: 'price',
    fields: ['id', 'name', 'city_id', 'service_ids', 'rating', 'price'],
  },
  services: { table: 'provider_services', provider: 'user_id', service: 'service_id' },
}
const EVERYBODY: ProviderSearch = {
  cityId: null,
  serviceId: null,
  statuses: null,
  seenSince: null,
  activeSince: null,
  sort: 'availability',
  limit: 20,
  after: null,
  hidden: [],
}

let database: TestDatabase
let store: DurableStore

describe('the schema', () => {
  beforeEachDatabase(false)

  test('goes up, down and up again, once for two nodes at the same time', async () => {
    await createUsers()
    const { sequelize } = database
    const both = await Promise.all([migrate(), migrate()])
    expect(both.flat()).toEqual(['001-host-columns', '002-user-sessions', '003-presence'])
    expect(await rollbackPresence({ sequelize, ...HOST })).toEqual(['003-presence'])
    expect(await rollbackPresence({ sequelize, ...HOST, steps: 'all' })).toHaveLength(2)
    expect(await columns()).toEqual(['id'])
    expect(await migrate()).toHaveLength(3)
    expect(await rollbackPresence({ sequelize, ...HOST, steps: 'all' })).toHaveLength(3)
  })

  test('uses a fitting column that the host has, and leaves it when it goes', async () => {
    await createUsers('last_activity timestamptz')
    await migrate()
    expect(await columns()).toHaveLength(5)
    await rollbackPresence({ sequelize: database.sequelize, ...HOST, steps: 'all' })
    expect(await columns()).toEqual(['id', 'last_activity'])
  })

  test.each([
    ['a column of another type', 'last_activity text', /users.* has a column last_activity of its own \(text\)/],
    ['a column that may be null', 'show_online_status boolean', /show_online_status .* not null/],
    ['an enum of its own', "online_status char(3) not null default 'off'", /online_status .*enum of online/],
  ])('refuses %s with a sentence, and leaves nothing half-applied', async (_name, column, sentence) => {
    await createUsers(column)
    await expect(migrate()).rejects.toMatchObject({ code: 'SCHEMA_CONFLICT', message: expect.stringMatching(sentence) })
    expect(await columns()).toHaveLength(2)
    expect(await query(`select to_regclass('porchlight_migrations') as found`)).toEqual([{ found: null }])
  })

  test('notices on the next start that sync({ alter }) changed a column, and survives one of the extended model', async () => {
    await createUsers()
    await migrate()
    const User = defineUser()
    extendUserModel(User)
    const UserSession = defineUserSession(database.sequelize, User)
    await User.sync({ alter: true })
    await UserSession.sync()
    expect(await migrate()).toEqual([])
    await query('alter table users alter column custom_status_message type varchar(20)')
    await expect(migrate()).rejects.toMatchObject({ code: 'SCHEMA_CONFLICT' })
  })

  test('serves users with integer ids in a schema of their own', async () => {
    await query('create schema market')
    await query('create table market.users (uid int primary key)')
    await query('insert into market.users values (1), (2)')
    const { sequelize } = database
    const host = { usersTable: 'market.users', idColumn: 'uid', userId: integerIds }
    expect(await migratePresence({ sequelize, ...host })).toHaveLength(3)
    store = createDurableStore({ sequelize, ...host, nodeId: 'a', directory: null })
    await store.project([presentRecord('1')])
    await decide('1', { ...NO_CHOICE, message: 'hi', version: NOW * 1000 + 999 })
    await setVisible('2', false, 1)
    await store.saveSessions([sessionOf('1')])
    expect((await store.load(['1', '2', '3'])).map(({ userId }) => userId)).toEqual(['1', '2'])
    expect(await store.endLeftovers(NOW + MINUTE)).toBe(1)
    expect(
      await query(
        'select uid, online_status, show_online_status, custom_status_message from market.users order by uid',
      ),
    ).toEqual([
      { uid: 1, online_status: 'offline', show_online_status: true, custom_status_message: 'hi' },
      { uid: 2, online_status: 'offline', show_online_status: false, custom_status_message: null },
    ])
    expect(await rollbackPresence({ sequelize, ...host, steps: 'all' })).toHaveLength(3)
  })

  test('refuses a users table that is not there or has other ids', async () => {
    await expect(migrate()).rejects.toMatchObject({ code: 'SCHEMA_CONFLICT' })
    await query('create table users (id int primary key)')
    await expect(migrate()).rejects.toThrow(/is integer, but userId says uuid/)
  })
})

describe('records and decisions', () => {
  beforeEachDatabase(true)

  test('R7 a record comes back exactly as it was projected, without its sessions', async () => {
    const user = await addUser()
    const record = presentRecord(user, { expiresAt: NOW + MINUTE })
    await store.project([record])
    expect(await store.load([user, randomUUID()])).toEqual([{ ...record, deadline: NOW + MINUTE }])
    expect(await hostRow(user)).toEqual({
      online_status: 'dnd',
      last_activity: new Date(NOW - 1),
      show_online_status: true,
      custom_status_message: 'back soon',
    })
  })

  test('users without a row of ours are as the host knows them; who hides there, is hidden', async () => {
    const [open, hidden] = [await addUser(), await addUser()]
    await query(`update users set last_activity = '${new Date(NOW).toISOString()}'`)
    await query(`update users set show_online_status = false where id = '${hidden}'`)
    const loaded = new Map((await store.load([open, hidden])).map((record) => [record.userId, record]))
    expect(loaded.get(open)).toMatchObject({ version: 0, lastSeenAt: NOW, stranger: { lastSeenAt: NOW } })
    expect(loaded.get(hidden)).toMatchObject({ own: { lastSeenAt: NOW }, stranger: UNSEEN })
    await store.project([presentRecord(open)])
    await query('update users set show_online_status = false')
    const [record] = await store.load([open])
    expect(record).toMatchObject({ visibility: { visible: false }, own: { status: 'dnd' }, stranger: UNSEEN })
  })

  test('R20 an older projection never replaces a newer one, in either order and within one batch', async () => {
    const [a, b, c] = [await addUser(), await addUser(), await addUser()]
    const newer = (user: string) => {
      const { choice, visibility } = presentRecord(user)
      return { ...offlineRecord(user, presentRecord(user).version + 5), choice, visibility }
    }
    await store.project([presentRecord(a)])
    await store.project([newer(a)])
    await store.project([newer(b)])
    await store.project([presentRecord(b)])
    await store.project([newer(c), presentRecord(c)])
    for (const user of [a, b, c]) {
      expect(await store.load([user])).toEqual([newer(user)])
      expect(await hostRow(user)).toMatchObject({ online_status: 'offline' })
    }
  })

  test("R22 what the host's row says already is not written again", async () => {
    const user = await addUser()
    const record = presentRecord(user)
    await store.project([record])
    const before = await query('select xmin::text, ctid::text from users')
    await store.project([{ ...record, version: record.version + 1, lastSeenAt: NOW }])
    expect(await query('select xmin::text, ctid::text from users')).toEqual(before)
    expect(await store.load([user])).toMatchObject([{ lastSeenAt: NOW }])
  })

  test('R13 what the host may show of the last activity never moves back', async () => {
    const user = await addUser()
    const record = presentRecord(user)
    await store.project([record])
    await store.project([{ ...record, version: record.version + 1, shown: { lastSeenAt: 5, lastActivityAt: 5 } }])
    expect(await hostRow(user)).toMatchObject({ last_activity: new Date(NOW - 1) })
  })

  test('R20 the newer of two choices stays, in either order, and a late projection does not undo it', async () => {
    const [a, b] = [await addUser(), await addUser()]
    const first = { status: 'dnd', message: 'first', expiresAt: null, version: NOW * 1000 } as const
    const second = { status: 'away', message: 'second', expiresAt: NOW + MINUTE, version: NOW * 1000 + 1 } as const
    await decide(a, first, second)
    await decide(b, second, first)
    for (const user of [a, b]) {
      expect(await store.load([user])).toMatchObject([{ choice: second, version: second.version }])
      // Observed after the decision was stored, but before it was shown.
      await store.project([{ ...presentRecord(user), version: second.version + 9, choice: first }])
      expect(await store.load([user])).toMatchObject([{ choice: second, version: second.version + 9 }])
      expect(await hostRow(user)).toMatchObject({ custom_status_message: 'second' })
    }
  })

  test('R32 hiding takes everything public away at once, and neither older decisions nor late projections bring it back', async () => {
    const user = await addUser()
    const record = presentRecord(user)
    await store.project([record])
    const hiddenAt = record.version + 10
    await setVisible(user, false, hiddenAt)
    await setVisible(user, true, hiddenAt - 1)
    await store.project([{ ...record, version: hiddenAt + 5 }])
    const [loaded] = await store.load([user])
    expect(loaded).toMatchObject({ visibility: { visible: false, version: hiddenAt }, own: { status: 'dnd' } })
    expect(loaded?.stranger).toEqual({ ...UNSEEN, version: hiddenAt })
    expect(loaded?.shown).toEqual(record.shown)
    expect(await hostRow(user)).toMatchObject({ show_online_status: false, online_status: 'dnd' })
  })

  test('R32 a hiding that PostgreSQL did not take is brought by the projection; un-hiding shows nothing by itself', async () => {
    const user = await addUser()
    const record = presentRecord(user)
    await store.project([record])
    const version = record.version + 10
    const visibility = { visible: false, since: null, version }
    await store.project([{ ...record, version, visibility, stranger: { ...UNSEEN, version } }])
    expect(await hostRow(user)).toMatchObject({ show_online_status: false })
    await setVisible(user, true, version + 1)
    expect(await hostRow(user)).toMatchObject({ show_online_status: true })
    expect((await store.load([user]))[0]?.stranger).toEqual({ ...UNSEEN, version })
  })

  test('R31 hiding somebody of whom nothing was shown moves no version that strangers see', async () => {
    const user = await addUser()
    await store.project([{ ...newRecord(user), version: 7 }])
    await setVisible(user, false, NOW * 1000)
    expect((await store.load([user]))[0]?.stranger).toEqual({ ...UNSEEN, version: 0 })
  })

  test('R20 a first decision keeps what the host knew of the user', async () => {
    const user = await addUser()
    await query(`update users set last_activity = '${new Date(NOW).toISOString()}' where id = '${user}'`)
    const [before] = await store.load([user])
    const choice = { ...NO_CHOICE, message: 'hello', version: NOW * 1000 }
    await decide(user, choice)
    expect(await store.load([user])).toEqual([{ ...before, choice, version: choice.version }])
  })

  test('deleted users: a decision says so, batches go on without them', async () => {
    const [gone, kept] = [randomUUID(), await addUser()]
    await expect(setVisible(gone, false, 1)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
    await store.project([presentRecord(gone), presentRecord(kept)])
    await store.saveSessions([sessionOf(gone), sessionOf(kept)])
    expect(await store.load([gone, kept])).toHaveLength(1)
    expect(await query('select count(*)::int as n from user_sessions')).toEqual([{ n: 1 }])
  })

  test('R52 a PostgreSQL that is gone is said to be unavailable, and worth another try', async () => {
    const broken = await createTestDatabase()
    const lost = createDurableStore({ sequelize: broken.sequelize, ...HOST, nodeId: 'n', directory: null })
    expect(await lost.ping()).toBe(true)
    const name = nameOf(broken)
    await query(`alter database ${name} allow_connections false`)
    await query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
    await broken.sequelize.query('select 1').catch(() => undefined)
    expect(await lost.ping()).toBe(false)
    await expect(lost.load([randomUUID()])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
    await query(`alter database ${name} allow_connections true`)
    await broken.drop()
  })
})

describe('sessions', () => {
  beforeEachDatabase(true)

  test('an ended session stays ended, its last ping only moves forward, and its details can be read', async () => {
    const user = await addUser()
    const session = { ...sessionOf(user), ipAddress: '192.0.2.7', userAgent: 'Firefox' }
    await store.saveSessions([session])
    await store.saveSessions([
      { ...session, isActive: false, lastPing: NOW + 2 },
      { ...session, lastPing: NOW + 1 },
    ])
    await store.saveSessions([{ ...session, lastPing: NOW + 1, ipAddress: null }])
    const details = await store.sessionDetails([session.sessionId, randomUUID()])
    expect([...details]).toEqual([
      [session.sessionId, { ipAddress: '192.0.2.7', userAgent: 'Firefox', lastPing: NOW + 2 }],
    ])
    const UserSession = defineUserSession(database.sequelize)
    expect(await UserSession.findByPk(session.sessionId)).toMatchObject({
      user_id: user,
      device_type: 'web',
      connected_at: new Date(NOW),
      is_active: false,
    })
  })

  test('R8 leftovers end by the last evidence, never by the moment of the sweep', async () => {
    const [seen, hidden, away] = [await addUser(), await addUser(), await addUser()]
    await store.project([presentRecord(seen), hiddenRecord(hidden), offlineRecord(away, 5)])
    await store.saveSessions([sessionOf(seen), sessionOf(hidden), { ...sessionOf(away), isActive: false }])
    const aliveAt = NOW + MINUTE
    await store.recordAlive(aliveAt)
    const [before] = await store.load([hidden])
    expect(await store.endLeftovers(NOW + 10 * MINUTE)).toBe(2)
    expect(await store.endLeftovers(NOW + 11 * MINUTE)).toBe(0)
    const [record] = await store.load([seen])
    expect(record?.own).toMatchObject({ status: 'offline', lastSeenAt: aliveAt, message: null })
    expect(record?.stranger).toEqual({ ...record?.own, version: record?.version })
    expect(record).toMatchObject({ lastSeenAt: aliveAt, shown: { lastSeenAt: aliveAt } })
    expect(record?.version).toBe((NOW + 10 * MINUTE) * 1000)
    expect((await store.load([hidden]))[0]).toMatchObject({
      own: { status: 'offline', lastSeenAt: aliveAt },
      stranger: before?.stranger,
      shown: before?.shown,
    })
    expect((await store.load([away]))[0]?.version).toBe(5)
    expect(await hostRow(seen)).toMatchObject({ online_status: 'offline' })
    const sessions = await query('select user_id, is_active, last_ping from user_sessions')
    for (const user_id of [seen, hidden]) {
      expect(sessions).toContainEqual({ user_id, is_active: false, last_ping: new Date(aliveAt) })
    }
    expect(sessions).toContainEqual({ user_id: away, is_active: false, last_ping: new Date(NOW) })
  })

  test('R8 processes that are long gone are forgotten, the last evidence is kept', async () => {
    await query(`insert into porchlight_nodes select 'old' || n, to_timestamp(n * 100000) from generate_series(1, 3) n`)
    await store.endLeftovers(NOW)
    expect(await query('select node_id from porchlight_nodes')).toEqual([{ node_id: 'old3' }])
  })

  test('R8 without a word of the earlier process, the last ping is the evidence', async () => {
    const user = await addUser()
    await store.project([presentRecord(user)])
    await store.saveSessions([{ ...sessionOf(user), lastPing: NOW + 5 }])
    await store.endLeftovers(NOW + MINUTE)
    expect((await store.load([user]))[0]).toMatchObject({ lastSeenAt: NOW + 5, own: { lastSeenAt: NOW + 5 } })
  })

  test('R8 a second process is refused with a sentence until the first one lets go', async () => {
    const lock = await takeProcessLock(database.sequelize)
    const second = takeProcessLock(database.sequelize)
    await expect(second).rejects.toMatchObject({ code: 'ALREADY_RUNNING', message: expect.stringMatching(/REDIS_URL/) })
    await lock.release()
    await lock.release()
    await (await takeProcessLock(database.sequelize)).release()
  })

  test('R8 the lock is taken again after its connection broke, as soon as PostgreSQL lets it', async () => {
    const other = await createTestDatabase()
    const name = nameOf(other)
    const holders = `select pid from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = '${name}')`
    const lock = await takeProcessLock(other.sequelize)
    await query(`alter database ${name} allow_connections false`)
    await query(`select pg_terminate_backend(pid) from (${holders}) holders`)
    await expect.poll(() => query(holders)).toEqual([])
    await expect(takeProcessLock(other.sequelize)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await query(`alter database ${name} allow_connections true`)
    await expect.poll(() => query(holders), { timeout: 10_000 }).toHaveLength(1)
    await lock.release()
    await expect.poll(() => query(holders)).toEqual([])
    await other.drop()
  })

  test('R8 whoever loses the lock to another process while the connection is broken, is told', async () => {
    let told: unknown = null
    const lock = await takeProcessLock(database.sequelize, { onLost: (error) => (told = error) })
    const mine = `select pid from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`
    await query(`select pg_terminate_backend(pid) from (${mine}) holders`)
    const other = await takeProcessLock(database.sequelize)
    await expect.poll(() => told, { timeout: 10_000 }).toMatchObject({ code: 'ALREADY_RUNNING' })
    await Promise.all([lock.release(), other.release()])
  })
})

describe('the search', () => {
  let people: { id: string; city_id: number }[]
  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    await migrate()
    store = createDurableStore({ sequelize: database.sequelize, ...HOST, nodeId: 'a', directory: DIRECTORY })
    people = await query('select id, city_id from provider_cards order by id')
    await store.project(people.flatMap(({ id }, i) => everySortOfPerson(id, i)))
  })
  afterAll(() => database.drop())

  test.each<ProviderSort>(['availability', 'last_seen', 'rating', 'price'])(
    'pages by %s skip and repeat nobody, and stay in order',
    async (sort) => {
      const whole = await store.findProviders({ ...EVERYBODY, sort, limit: 1_000 })
      const rows: ProviderRow[] = []
      for (let after: ProviderSearch['after'] = null, more = true; more; ) {
        const page = await store.findProviders({ ...EVERYBODY, sort, limit: 17, after })
        rows.push(...page.rows)
        more = page.more
        after = page.rows.at(-1)?.position ?? null
      }
      expect(rows).toEqual(whole.rows)
      expect(new Set(rows.map(({ userId }) => userId)).size).toBe(people.length)
      for (const [i, { position }] of rows.entries()) {
        const previous = rows[i - 1]?.position
        if (previous) expect(comparePositions(previous, position)).toBeGreaterThan(0)
      }
    },
  )

  test('R31 whoever is present keeps their place in the list, however active they are', async () => {
    const { rows } = await store.findProviders({ ...EVERYBODY, statuses: ['online', 'away', 'dnd'], limit: 1_000 })
    expect(new Set(rows.map(({ position }) => position.keys[1]))).toEqual(new Set([0]))
    const { rows: seen } = await store.findProviders({ ...EVERYBODY, sort: 'last_seen', limit: 1_000 })
    const keys = new Set(seen.map(({ position }) => position.keys.join()))
    expect(keys).toEqual(new Set(['1,0', `0,${NOW - MINUTE}`, '0,0']))
  })

  test('gives out the fields that the host named, as the host types them', async () => {
    const { rows } = await store.findProviders({ ...EVERYBODY, limit: 1, sort: 'price' })
    expect(Object.keys(rows[0]?.fields ?? {})).toEqual(DIRECTORY.providers.fields)
    expect(rows[0]?.fields).toMatchObject({ id: rows[0]?.userId, service_ids: expect.any(Array) })
  })

  test('counts are of the city and service, before the status filter', async () => {
    const cityId = String(people[0]?.city_id)
    const all = await store.findProviders({ ...EVERYBODY, cityId, limit: 1_000 })
    const none = await store.findProviders({ ...EVERYBODY, cityId, statuses: ['dnd'], seenSince: NOW * 2 })
    expect(none.counts).toEqual(all.counts)
    const online = await store.findProviders({ ...EVERYBODY, cityId, statuses: ['online'], limit: 1_000 })
    expect(online.rows).toHaveLength(all.counts.online)
    expect(all.rows.every(({ fields }) => fields['city_id'] === people[0]?.city_id)).toBe(true)
    expect(all.asOf).toBe(NOW)
    const nowhere = await store.findProviders({ ...EVERYBODY, cityId: '0', serviceId: '1' })
    expect(nowhere).toEqual({ rows: [], more: false, counts: { online: 0, away: 0, dnd: 0 }, asOf: null })
  })

  test('R30 a hidden user is offline and unknown in filters, counts and order, exactly like somebody never seen', async () => {
    const { counts, rows } = await store.findProviders({ ...EVERYBODY, limit: 1_000 })
    expect(counts).toEqual({ online: ofSort('online').length, away: ofSort('away').length, dnd: ofSort('dnd').length })
    const unknown = rows.filter(({ position }) => position.keys[0] === 0 && position.keys[1] === 0)
    expect(new Set(unknown.map(({ userId }) => userId))).toEqual(new Set([...ofSort('hidden'), ...ofSort('never')]))
    expect(unknown.every(({ shownActivityAt }) => shownActivityAt === null)).toBe(true)
    const offline = await found({ statuses: ['offline'] })
    expect(ofSort('hidden').every((id) => offline.has(id))).toBe(true)
    for (const filter of [{ statuses: ['online', 'away', 'dnd'] as Status[] }, { seenSince: 1 }, { activeSince: 1 }]) {
      const shown = await found(filter)
      expect(ofSort('hidden').filter((id) => shown.has(id))).toEqual([])
    }
  })

  test('bounds are inclusive: present counts as seen, online counts as active', async () => {
    const present = [...ofSort('online'), ...ofSort('away'), ...ofSort('dnd')]
    expect(await found({ seenSince: NOW - MINUTE })).toEqual(new Set([...present, ...ofSort('offline')]))
    expect(await found({ seenSince: NOW - MINUTE + 1 })).toEqual(new Set(present))
    expect(await found({ activeSince: NOW * 2 })).toEqual(new Set(ofSort('online')))
    const active = await found({ activeSince: NOW - 2 * MINUTE })
    expect(active).toEqual(new Set([...present, ...ofSort('offline')]))
  })

  test('R52 refuses what cannot be: a foreign cursor, a search without a directory, ids of another type', async () => {
    const after = { keys: [0, 0], id: "x'" } as const
    await expect(store.findProviders({ ...EVERYBODY, after })).rejects.toMatchObject({ code: 'INVALID_CURSOR' })
    const blind = createDurableStore({ sequelize: database.sequelize, ...HOST, nodeId: 'b', directory: null })
    await expect(blind.findProviders(EVERYBODY)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(isDirectoryId('integer', '2147483648')).toBe(false)
    expect(isDirectoryId('integer', '2147483647')).toBe(true)
    expect(isDirectoryId('uuid', randomUUID())).toBe(true)
    expect(isDirectoryId('text', '')).toBe(false)
  })

  const SORTS = ['online', 'away', 'dnd', 'offline', 'hidden', 'never'] as const
  const ofSort = (sort: (typeof SORTS)[number]): string[] =>
    people.filter((_, i) => SORTS[i % SORTS.length] === sort).map(({ id }) => id)

  function everySortOfPerson(id: string, i: number): UserRecord[] {
    const sort = SORTS[i % SORTS.length]
    if (sort === 'never' || sort === undefined) return []
    if (sort === 'hidden') return [hiddenRecord(id)]
    const lastSeenAt = NOW - MINUTE
    const view = { status: sort, lastSeenAt, message: null, version: NOW * 1000 }
    const shown = { lastSeenAt, lastActivityAt: NOW - 2 * MINUTE }
    return [{ ...newRecord(id), version: view.version, own: view, stranger: view, shown }]
  }
})

test('R30 the model tells strangers nothing of a hidden user, and only the present have a message', async () => {
  database = await createTestDatabase()
  await createUsers()
  await migrate()
  const User = extendUserModel(extendUserModel(defineUser()))
  const id = randomUUID()
  const row = { online_status: 'online', last_activity: new Date(), custom_status_message: 'hello' }
  const user = await User.create({ id, ...row })
  expect(user.getPresenceInfo()).toMatchObject({ userId: id, online_status: 'online', custom_message: 'hello' })
  expect([user.isOnline(), user.canShowPresence(), user.getLastSeenText()]).toEqual([true, true, 'online now'])
  await user.update({ online_status: 'offline' })
  expect(user.getPresenceInfo()).not.toHaveProperty('custom_message')
  expect(user.getLastSeenText()).toBe('last seen just now')
  const unknown = { userId: id, online_status: 'offline', last_seen: null, show_status: true }
  await user.update({ online_status: 'online', show_online_status: false })
  expect(user.getPresenceInfo()).toEqual(unknown)
  expect([user.isOnline(), user.canShowPresence(), user.getLastSeenText()]).toEqual([false, false, 'offline'])
  const partial = await User.findByPk(id, { attributes: ['id', 'online_status'] })
  expect(partial?.getPresenceInfo()).toEqual(unknown)
  const Other = database.sequelize.define('Other', { last_activity: DataTypes.TEXT })
  expect(() => extendUserModel(Other)).toThrow(/another attribute last_activity/)
  await database.drop()
})

function beforeEachDatabase(migrated: boolean): void {
  beforeEach(async () => {
    database = await createTestDatabase()
    if (!migrated) return
    await createUsers()
    await migrate()
    store = createDurableStore({ sequelize: database.sequelize, ...HOST, nodeId: 'a', directory: null })
  })
  afterEach(() => database.drop())
}

async function found(filter: Partial<ProviderSearch>): Promise<Set<string>> {
  const { rows } = await store.findProviders({ ...EVERYBODY, ...filter, limit: 1_000 })
  return new Set(rows.map(({ userId }) => userId))
}

const nameOf = ({ url }: TestDatabase): string => new URL(url).pathname.slice(1)

const migrate = (): Promise<string[]> => migratePresence({ sequelize: database.sequelize, ...HOST })

const query = <Row extends object>(sql: string): Promise<Row[]> =>
  database.sequelize.query<Row>(sql, { type: QueryTypes.SELECT })

const createUsers = (column?: string): Promise<object[]> =>
  query(`create table users (id uuid primary key${column ? `, ${column}` : ''})`)

const defineUser = () =>
  database.sequelize.define(
    'User',
    { id: { type: DataTypes.UUID, primaryKey: true } },
    { tableName: 'users', timestamps: false },
  )

async function columns(): Promise<string[]> {
  const rows = await query<{ name: string }>(`select column_name as name from information_schema.columns
    where table_name = 'users' and table_schema = 'public' order by ordinal_position`)
  return rows.map(({ name }) => name)
}

async function addUser(): Promise<string> {
  const id = randomUUID()
  await query(`insert into users (id) values ('${id}')`)
  return id
}

async function hostRow(id: string): Promise<object | undefined> {
  const [row] = await query(`select online_status, last_activity, show_online_status, custom_status_message
    from users where id = '${id}'`)
  return row
}

async function decide(userId: string, ...choices: UserRecord['choice'][]): Promise<void> {
  for (const choice of choices) await store.saveDecision({ kind: 'choice', userId, choice })
}

const setVisible = (userId: string, visible: boolean, version: number): Promise<void> =>
  store.saveDecision({ kind: 'visibility', userId, visible, version, since: visible ? NOW : null })

/** Somebody present who chose dnd, every field different from every other. */
function presentRecord(userId: string, { expiresAt = null }: { expiresAt?: number | null } = {}): UserRecord {
  const version = NOW * 1000 + 321
  const message = 'back soon'
  return {
    ...newRecord(userId),
    version,
    choice: { status: 'dnd', message, expiresAt, version: version - 1 },
    visibility: { visible: true, since: NOW - 60 * MINUTE, version: version - 2 },
    lastActivityAt: NOW,
    lastSeenAt: NOW - 3,
    shown: { lastSeenAt: NOW - 2, lastActivityAt: NOW - 1 },
    own: { status: 'dnd', lastSeenAt: NOW - 4, message, version: version - 3 },
    stranger: { status: 'dnd', lastSeenAt: NOW - 5, message, version: version - 4 },
    deadline: expiresAt,
  }
}

function offlineRecord(userId: string, version: number): UserRecord {
  const view = { status: 'offline', lastSeenAt: NOW, message: null, version } as const
  return { ...newRecord(userId), version, lastSeenAt: NOW, own: view, stranger: view }
}

function hiddenRecord(userId: string): UserRecord {
  const record = presentRecord(userId)
  const visibility = { visible: false, since: null, version: record.version }
  return { ...record, visibility, stranger: { ...UNSEEN, version: record.version - 4 } }
}

const sessionOf = (userId: string): SessionRow => ({
  sessionId: randomUUID(),
  userId,
  socketId: 'socket',
  deviceType: 'web',
  ipAddress: null,
  userAgent: null,
  connectedAt: NOW,
  lastPing: NOW,
  isActive: true,
})

function comparePositions(a: ProviderRow['position'], b: ProviderRow['position']): number {
  return a.keys[0] - b.keys[0] || a.keys[1] - b.keys[1] || (a.id > b.id ? 1 : -1)
}
