import { randomUUID } from 'node:crypto'
import { DataTypes, QueryTypes } from 'sequelize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NO_CHOICE } from '../../src/domain/presence.ts'
import { integerIds, uuidIds } from '../../src/domain/user-id.ts'
import type { DurableStore } from '../../src/store/contract.ts'
import type { MemoryProvider } from '../../src/store/memory/search-providers.ts'
import type { HostColumns } from '../../src/store/memory/stored-user.ts'
import { isDirectoryId, type ProviderDirectory } from '../../src/store/postgres/directory.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { extendUserModel } from '../../src/store/postgres/extend-user-model.ts'
import { migratePresence, rollbackPresence } from '../../src/store/postgres/migrate.ts'
import { takeProcessLock } from '../../src/store/postgres/process-lock.ts'
import { defineUserSession } from '../../src/store/postgres/user-session-model.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { durableStoreContract } from './durable-store.ts'
import { MINUTE, NOW, presentRecord, saveChoices, saveVisibility, sessionOf } from './durable-store-people.ts'

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

let database: TestDatabase
let store: DurableStore

durableStoreContract('PostgreSQL', async (providers) => {
  const own = await createTestDatabase()
  const { sequelize } = own
  await sequelize.query('create table users (id uuid primary key)')
  await migratePresence({ sequelize, ...HOST })
  const directory = providers === null ? null : DIRECTORY
  if (providers !== null) await createDirectory(own, providers)
  const opened = createDurableStore({ sequelize, ...HOST, nodeId: 'a', directory })
  await opened.refreshListingAfter(null, 1_000)
  return {
    store: opened,
    addUser: async (columns = {}, id = randomUUID()) => {
      await sequelize.query(`insert into users (id) values ('${id}')`)
      await writeHostColumns(own, id, columns)
      return id
    },
    hostRow: (userId) => hostColumns(own, userId),
    writeHostRow: (userId, columns) => writeHostColumns(own, userId, columns),
    close: () => own.drop(),
  }
})

const MIGRATIONS = [
  '001-host-columns',
  '002-user-sessions',
  '003-presence',
  '004-listing',
  '005-audiences',
  '006-access',
  '007-reports',
  '008-personal-data',
  '009-block-floors',
  '010-backfill',
]

describe('the schema', () => {
  beforeEachDatabase(false)

  test('goes up, down and up again, once for two nodes at the same time', async () => {
    await createUsers()
    const { sequelize } = database
    const both = await Promise.all([migrate(), migrate()])
    expect(both.flat()).toEqual(MIGRATIONS)
    expect(await rollbackPresence({ sequelize, ...HOST })).toEqual(MIGRATIONS.slice(-1))
    expect(await rollbackPresence({ sequelize, ...HOST, steps: 'all' })).toHaveLength(MIGRATIONS.length - 1)
    expect(await columns()).toEqual(['id'])
    expect(await migrate()).toHaveLength(MIGRATIONS.length)
    expect(await rollbackPresence({ sequelize, ...HOST, steps: 'all' })).toHaveLength(MIGRATIONS.length)
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
    expect(await migratePresence({ sequelize, ...host })).toHaveLength(MIGRATIONS.length)
    store = createDurableStore({ sequelize, ...host, nodeId: 'a', directory: null })
    await store.project([presentRecord('1')])
    await saveChoices(store, '1', { ...NO_CHOICE, message: 'hi', version: NOW * 1000 + 999 })
    await saveVisibility(store, '2', false, 1)
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
    expect(await rollbackPresence({ sequelize, ...host, steps: 'all' })).toHaveLength(MIGRATIONS.length)
  })

  test('refuses a users table that is not there or has other ids', async () => {
    await expect(migrate()).rejects.toMatchObject({ code: 'SCHEMA_CONFLICT' })
    await query('create table users (id int primary key)')
    await expect(migrate()).rejects.toThrow(/is integer, but userId says uuid/)
  })
})

describe('PostgreSQL alone', () => {
  beforeEachDatabase(true)

  test("R22 what the host's row says already is not written again", async () => {
    const user = await addUser()
    const record = presentRecord(user)
    await store.project([record])
    const before = await query('select xmin::text, ctid::text from users')
    await store.project([{ ...record, version: record.version + 1, lastSeenAt: NOW }])
    expect(await query('select xmin::text, ctid::text from users')).toEqual(before)
    expect(await store.load([user])).toMatchObject([{ lastSeenAt: NOW }])
  })

  test('R20 two nodes that project the same users at once end with the newer records, without a deadlock', async () => {
    const users = await Promise.all(Array.from({ length: 40 }, addUser))
    const other = createDurableStore({ sequelize: database.sequelize, ...HOST, nodeId: 'b', directory: null })
    const older = users.map((user) => presentRecord(user))
    const newer = users.map((user) => ({
      ...presentRecord(user),
      version: presentRecord(user).version + 1,
      lastSeenAt: NOW,
    }))
    await Promise.all([
      store.project(older),
      other.project(newer.toReversed()),
      store.project(newer),
      other.project(older.toReversed()),
    ])
    const loaded = await store.load(users)
    expect(loaded.map(({ lastSeenAt }) => lastSeenAt)).toEqual(users.map(() => NOW))
  })

  test('R31 R32 hiding leaves nothing public in the row, whatever reads it', async () => {
    const user = await addUser()
    await store.project([presentRecord(user)])
    await saveVisibility(store, user, false, NOW * 2_000)
    const [row] = await query(`select public_status, public_last_seen, public_message, public_activity
      from porchlight_presence where user_id = '${user}'`)
    const nothing = { public_last_seen: null, public_message: null, public_activity: null }
    expect(row).toEqual({ public_status: 'offline', ...nothing })
  })

  test("the host's model reads what was written of a session", async () => {
    const session = sessionOf(await addUser())
    await store.saveSessions([session])
    await store.saveSessions([{ ...session, isActive: false, lastPing: NOW + 2 }])
    expect(await defineUserSession(database.sequelize).findByPk(session.sessionId)).toMatchObject({
      user_id: session.userId,
      device_type: 'web',
      connected_at: new Date(NOW),
      last_ping: new Date(NOW + 2),
      is_active: false,
    })
  })

  test('R8 processes that are long gone are forgotten, the last evidence is kept', async () => {
    await query(`insert into porchlight_nodes select 'old' || n, to_timestamp(n * 100000) from generate_series(1, 3) n`)
    await store.endLeftovers(NOW)
    expect(await query('select node_id from porchlight_nodes')).toEqual([{ node_id: 'old3' }])
  })

  test('processes that are long gone are forgotten where nodes share a store, too: by the next that starts', async () => {
    await query(`insert into porchlight_nodes select 'old' || n, to_timestamp(n * 100000) from generate_series(1, 3) n`)
    await query(`insert into porchlight_nodes values ('lately', to_timestamp(${NOW - 60 * MINUTE}::float8 / 1000))`)
    await store.recordAlive(NOW)
    await store.recordAlive(NOW + MINUTE)
    expect(await query('select node_id from porchlight_nodes order by 1')).toEqual([
      { node_id: 'a' },
      { node_id: 'lately' },
    ])
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

  test('R52 ids of a directory are of the type that the host says', () => {
    expect(isDirectoryId('integer', '2147483648')).toBe(false)
    expect(isDirectoryId('integer', '2147483647')).toBe(true)
    expect(isDirectoryId('uuid', randomUUID())).toBe(true)
    expect(isDirectoryId('text', '')).toBe(false)
  })
})

describe('the lock of a process', () => {
  beforeEachDatabase(true)

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

/** A host's directory of providers, in tables of its own, and its users. */
async function createDirectory({ sequelize }: TestDatabase, providers: readonly MemoryProvider[]): Promise<void> {
  await sequelize.query(`create table provider_cards
    (id uuid primary key, name text, city_id int, service_ids int[], rating float8, price float8)`)
  await sequelize.query('create table provider_services (user_id uuid, service_id int)')
  for (const { id, name, city_id, service_ids = [], rating, price } of providers) {
    await sequelize.query(`insert into users (id) values ('${id}')`)
    const bind = [id, name, city_id, service_ids, rating, price]
    await sequelize.query('insert into provider_cards values ($1, $2, $3, $4::int[], $5, $6)', { bind })
    await sequelize.query('insert into provider_services select $1, unnest($2::int[])', { bind: [id, service_ids] })
  }
}

async function hostColumns({ sequelize }: TestDatabase, id: string): Promise<HostColumns | null> {
  const [row] = await sequelize.query<HostColumns & { last_activity: Date | null }>(
    `select online_status, last_activity, show_online_status, custom_status_message from users where id = '${id}'`,
    { type: QueryTypes.SELECT },
  )
  return row ? { ...row, last_activity: row.last_activity?.getTime() ?? null } : null
}

async function writeHostColumns({ sequelize }: TestDatabase, id: string, columns: Partial<HostColumns>): Promise<void> {
  for (const [column, value] of Object.entries(columns)) {
    const bound = column === 'last_activity' ? new Date(Number(value)) : value
    await sequelize.query(`update users set ${column} = $1 where id = '${id}'`, { bind: [bound] })
  }
}
