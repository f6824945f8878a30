import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { QueryTypes } from 'sequelize'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { uuidIds } from '../../src/domain/user-id.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { PERSONAL_TABLES } from '../../src/store/postgres/personal-data.ts'
import { eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { runCli } from '../support/process.ts'
import { eavesdrop, type Statement } from '../support/statements.ts'

/** Milliseconds for tests that start commands as processes, one after the other. */
const PROCESSES_MS = 90_000
const DATA = '/api/users/presence/data'

const rowsOf = <Row extends object>(database: TestDatabase, sql: string, bind: unknown[] = []): Promise<Row[]> =>
  database.sequelize.query<Row>(sql, { bind, type: QueryTypes.SELECT })

describe('R35 what is held of a user, on two nodes', () => {
  let database: TestDatabase
  let a: Marketplace
  let b: Marketplace
  let next = 0
  const prefix = `test-${randomUUID()}`
  const env = { REDIS_URL: inject('redisUrl'), PRESENCE_REDIS_PREFIX: prefix }

  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    const world = { database, clock: Date.now }
    a = await startMarketplace(env, world)
    b = await startMarketplace(env, world)
  })
  afterAll(async () => {
    await Promise.all([a, b].map((node) => node.stop()))
    await database.drop()
  })

  const somebody = (): Promise<Person> => a.person('provider', (next += 1))

  /** Somebody with a device on each node, a message, and a watcher on node B. */
  async function livelyPerson() {
    const person = await somebody()
    const watcher = await b.connect(await b.person('client', next % 20))
    const words = `Gone fishing, back at ${randomUUID().slice(0, 8)}`
    const devices = [await a.connect(person), await b.connect(person)]
    await watcher.ask('watch', { users: [person.id] })
    await devices[0]?.ask('setStatus', { status: 'dnd', message: words, expires_in: 3_600 })
    await watcher.hears('presenceUpdate', { userId: person.id, custom_message: words })
    await eventually(
      () => rowsOf(database, 'select 1 from user_sessions where user_id = $1', [person.id]),
      (rows) => rows.length === 2,
    )
    return { person, watcher, devices, words }
  }

  const gone = (sockets: readonly { socket: { connected: boolean } }[]) =>
    eventually(
      async () => sockets.filter(({ socket }) => socket.connected).length,
      (connected) => connected === 0,
    )

  /** Everything in Redis, as text. */
  async function redisText(): Promise<string> {
    const client = await createClient({ url: inject('redisUrl') }).connect()
    try {
      const texts: string[] = []
      for await (const keys of client.scanIterator({ MATCH: `${prefix}:*` })) {
        for (const key of keys) {
          const type = await client.type(key)
          if (type === 'string') texts.push(key, (await client.get(key)) ?? '')
          if (type === 'stream') texts.push(JSON.stringify(await client.xRange(key, '-', '+')))
          if (type === 'zset') texts.push(...(await client.zRange(key, 0, -1)))
        }
      }
      return texts.join('\n')
    } finally {
      client.destroy()
    }
  }

  async function expectNothingLeft({ id }: Person): Promise<void> {
    const [host] = await rowsOf(
      database,
      'select online_status, last_activity, show_online_status, custom_status_message from users where id = $1',
      [id],
    )
    expect(host).toEqual({
      online_status: 'offline',
      last_activity: null,
      show_online_status: true,
      custom_status_message: null,
    })
    expect(await rowsOf(database, 'select 1 from user_sessions where user_id = $1', [id])).toEqual([])
    const [row] = await rowsOf<{ row: Record<string, unknown> }>(
      database,
      'select to_jsonb(p) as row from porchlight_presence p where user_id = $1',
      [id],
    )
    const moments = Object.entries(row?.row ?? {}).filter(([name]) =>
      /last_|_activity|_seen|message|expires/.test(name),
    )
    expect(moments.length).toBeGreaterThan(8)
    for (const [name, value] of moments) expect([null, '1970-01-01T00:00:00+00:00'], name).toContain(value)
  }

  test('is handed out to them alone, with rows of every table', async () => {
    const { person, devices, words } = await livelyPerson()
    const { status, body, headers } = await a.http(DATA, { as: person })
    expect([status, headers.get('cache-control')]).toEqual([200, 'private, no-store'])
    expect(Object.keys(body.stored)).toEqual(['users', ...PERSONAL_TABLES.map(({ table }) => table)])
    expect(body.live).toMatchObject({
      presence: { online_status: 'dnd', custom_message: words },
      chosen: { status: 'dnd', message: words, expires_at: expect.any(String) },
    })
    expect(body.live.sessions).toHaveLength(2)
    expect(body.stored.user_sessions).toMatchObject([{ ip_address: '127.0.0.1' }, { ip_address: '127.0.0.1' }])
    expect(body.stored.porchlight_directory).toHaveLength(1)
    expect((await a.http(DATA)).status).toBe(401)
    for (const device of devices) device.leave()
  })

  test('R35 says what was reported of them, and nothing of who did it or why; both let go of it', async () => {
    const { person, devices, words } = await livelyPerson()
    const reporter = await a.person('client', 15)
    const path = `/api/users/presence/${person.id}/reports`
    const reported = await a.http(path, { method: 'POST', as: reporter, json: { reason: 'he shouted at me' } })
    expect(reported.status).toBeLessThan(300)
    const { body } = await a.http(DATA, { as: person })
    expect(body.stored.porchlight_reports).toMatchObject([{ message: words }])
    expect(JSON.stringify(body)).not.toMatch(new RegExp(`${reporter.id}|shouted`))
    const kept = () =>
      rowsOf(database, 'select reporter_id, reason from porchlight_reports where user_id = $1', [person.id])
    await a.http(DATA, { method: 'DELETE', as: reporter })
    expect(await kept()).toEqual([{ reporter_id: null, reason: null }])
    await a.http(DATA, { method: 'DELETE', as: person })
    expect(await kept()).toEqual([])
    for (const device of devices) device.leave()
  })

  test('R32 is erased everywhere at once: watchers, devices, PostgreSQL, Redis; and nothing comes back', async () => {
    const { person, watcher, devices, words } = await livelyPerson()
    const answer = await a.http(DATA, { method: 'DELETE', as: person })
    expect(answer).toMatchObject({ status: 200, body: { receipt: expect.any(String), rows: 3 } })
    // Stored before it was answered.
    await expectNothingLeft(person)
    await watcher.hears('userOffline', { userId: person.id })
    await watcher.hears('presenceUpdate', { userId: person.id, status: 'offline', last_seen: null as never })
    await gone(devices)
    // What both nodes noted of the ends of these sessions is written by now.
    await Promise.all([a, b].map((node) => node.server.presence.service.cleanupInactiveSessions()))
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    await expectNothingLeft(person)
    const redis = await redisText()
    expect(redis).toContain(person.id)
    expect(redis).not.toContain(words)
    const { body } = await b.http(DATA, { as: person })
    expect(JSON.stringify(body)).not.toContain(words)
    expect(body.live.sessions).toEqual([])
    // Still listed, as somebody who was never here.
    const found = await a.http(`/api/providers?name=${encodeURIComponent(person.name)}&limit=100`)
    const card = found.body.providers.find((provider: { id: string }) => provider.id === person.id)
    expect(card.presence).toMatchObject({ online_status: 'offline', last_seen: null, show_status: true })
  })

  test('the audit says what was done, and only the receipt tells of whom', async () => {
    const person = await somebody()
    const { body } = await a.http(DATA, { method: 'DELETE', as: person })
    const proof = createHash('sha256').update(`${body.receipt}:${person.id}`).digest('hex')
    const lines = await rowsOf<{ proof: string }>(database, 'select * from porchlight_audit where proof = $1', [proof])
    expect(lines).toMatchObject([{ action: 'erase', asked_by: 'self', rows: 1 }])
    const all = JSON.stringify(await rowsOf(database, 'select * from porchlight_audit'))
    expect(all).not.toContain(person.id)
    expect(all).not.toContain(body.receipt)
  })

  test('may be erased again, and by the host', async () => {
    const { person, devices } = await livelyPerson()
    const { service } = b.server.presence
    const [first, second] = [await service.eraseUserData(person.id), await service.eraseUserData(person.id)]
    expect(first.receipt).not.toBe(second.receipt)
    await gone(devices)
    await expectNothingLeft(person)
    await expect(service.eraseUserData(randomUUID())).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
    await expect(service.exportUserData('nobody')).rejects.toMatchObject({ code: 'INVALID_ID' })
  })

  test('R7 does not come back by what is under way on both nodes while it is erased', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { person, devices, words } = await livelyPerson()
      for (const { socket } of devices) socket.emit('activity')
      const busy = devices.map(({ socket }) =>
        socket.timeout(3_000).emitWithAck('setStatus', { status: 'away', message: `${words}!` }),
      )
      const erasing = a.http(DATA, { method: 'DELETE', as: person })
      await Promise.allSettled(busy)
      expect((await erasing).status).toBe(200)
      await gone(devices)
      // Whatever was decided after the erasure is new; a second one ends at nothing, whatever is still on its way.
      await b.http(DATA, { method: 'DELETE', as: person })
      await new Promise((resolve) => setTimeout(resolve, 700))
      await expectNothingLeft(person)
    }
  })

  test(
    'is erased by a command while the nodes serve',
    async () => {
      const { person, watcher, devices } = await livelyPerson()
      const shared = { ...env, DATABASE_URL: database.url }
      const printed = runCli(['export', person.id], shared)
      expect(await printed.ended, printed.output()).toMatchObject({ code: 0 })
      expect(JSON.parse(printed.output())).toMatchObject({ user_id: person.id, live: { chosen: { status: 'dnd' } } })
      const command = runCli(['erase', person.id], shared)
      expect(await command.ended, command.output()).toMatchObject({ code: 0 })
      expect(command.output()).toMatch(/^Erased: 3 rows\. The receipt, for the user alone:\n[\w-]{43}\n$/)
      await watcher.hears('userOffline', { userId: person.id })
      await gone(devices)
      await expectNothingLeft(person)
    },
    PROCESSES_MS,
  )
})

describe('R35 the schema', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    const node = await startMarketplace({}, { database, clock: Date.now })
    await node.stop()
  })
  afterAll(() => database.drop())

  /** Ids that name no user. */
  const NOBODY = new Set([
    'user_sessions.id',
    'porchlight_retention.session_id',
    'porchlight_audit.asked_by',
    'porchlight_reports.resolved_by',
  ])

  test('has no table or column about users that nobody would hand out or erase', async () => {
    const columns = await rowsOf<{ name: string }>(
      database,
      `select distinct c.table_name || '.' || c.column_name as name
      from information_schema.columns c
      left join information_schema.key_column_usage k using (table_schema, table_name, column_name)
      left join information_schema.referential_constraints r using (constraint_schema, constraint_name)
      where (c.table_name like 'porchlight%' or c.table_name = 'user_sessions')
        and (c.data_type = 'uuid' or c.column_name ~ 'user_?id|_by$|owner|viewer' or r.constraint_name is not null)`,
    )
    const declared = PERSONAL_TABLES.flatMap(({ table, owner, others = [] }) =>
      [owner, ...others].map((column) => `${table}.${column}`),
    )
    const found = columns.map(({ name }) => name).filter((name) => !NOBODY.has(name))
    expect(found.length).toBeGreaterThan(2)
    expect(found.toSorted()).toEqual(declared.toSorted())
  })

  test('looks at old sessions by an index, however many there are', async () => {
    await database.sequelize.query(`
      insert into user_sessions (id, user_id, socket_id, ip_address, user_agent, connected_at, last_ping, is_active)
      select gen_random_uuid(), (select id from users limit 1), 'x', '192.0.2.' || n % 250, 'Firefox',
        now() - n * interval '5 minutes', now(), false
      from generate_series(1, 20000) n`)
    await database.sequelize.query('vacuum analyze user_sessions')
    const heard: Statement[] = []
    const store = createDurableStore({
      sequelize: eavesdrop(database.sequelize, (statement) => heard.push(statement)),
      usersTable: 'users',
      idColumn: 'id',
      userId: uuidIds,
      nodeId: 'a',
      directory: null,
    })
    const at = Date.now() - 30 * 86_400_000
    expect(await store.shortenSessions(at, 100, () => ({ ipAddress: null, userAgent: null }))).toBe(100)
    expect(await store.deleteSessions(at, 100)).toBe(100)
    const about = heard.filter(({ sql }) => sql.includes('user_sessions') && !sql.includes('count(*)::int from user'))
    expect(about.length).toBe(3)
    for (const { sql, bind } of about) {
      const plan = await rowsOf<Record<string, string>>(database, `explain ${sql}`, [...bind])
      const text = plan.map((row) => row['QUERY PLAN']).join('\n')
      expect(text).toContain('user_sessions_')
      expect(text).not.toContain('Seq Scan on user_sessions')
    }
  })
})

describe('R35 the commands', () => {
  let database: TestDatabase
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'porchlight-personal-'))
    database = await createTestDatabase({ marketplace: true })
    await (await startMarketplace({}, { database, clock: Date.now })).stop()
  })
  afterAll(async () => {
    await database.drop()
    await rm(home, { recursive: true, force: true })
  })

  test(
    'cleanup says what it would do, and does it',
    async () => {
      const run = async (...args: string[]) => {
        const command = runCli(args, { DATABASE_URL: database.url, PRESENCE_RETENTION_DAYS: '10' }, home)
        expect(await command.ended, command.output()).toMatchObject({ code: 0 })
        return command.output()
      }
      await database.sequelize.query(`
      insert into user_sessions (id, user_id, socket_id, ip_address, user_agent, connected_at, last_ping, is_active)
      select gen_random_uuid(), (select id from users limit 1), 'x', '192.0.2.7', 'Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0',
        now() - n * interval '1 day', now(), false from generate_series(1, 100) n`)
      const would =
        'Sessions that began more than 10 days ago: 80 would be shortened. More than 90 days ago: 11 would be deleted.\n'
      expect(await run('cleanup', '--dry-run')).toBe(would)
      expect(await run('cleanup')).toBe(would.replaceAll('would be', 'were'))
      const kinds = await rowsOf(
        database,
        'select ip_address, user_agent, count(*)::int from user_sessions group by 1, 2 order by 3',
      )
      expect(kinds).toEqual([
        { ip_address: '192.0.2.7', user_agent: expect.stringContaining('Mozilla'), count: 9 },
        { ip_address: '192.0.2.0/24', user_agent: 'Firefox', count: 80 },
      ])
    },
    PROCESSES_MS,
  )

  test(
    'R8 erase refuses what it cannot reach: the memory of another process',
    async () => {
      const node = await startMarketplace({}, { database, clock: Date.now })
      const { id } = await node.person('client')
      const refused = runCli(['erase', id], { DATABASE_URL: database.url }, home)
      expect(await refused.ended).toMatchObject({ code: 1 })
      expect(refused.output()).toMatch(/another process|already/i)
      await node.stop()
      const erased = runCli(['erase', id], { DATABASE_URL: database.url }, home)
      expect(await erased.ended, erased.output()).toMatchObject({ code: 0 })
    },
    PROCESSES_MS,
  )
})
