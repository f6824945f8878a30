import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QueryTypes } from 'sequelize'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seedMember } from '../../demo/server/seed-people.ts'
import { eventually } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Running, runCli } from '../support/process.ts'

const READY = /ready at (http:\S+)/

describe('the server as a process', () => {
  let database: TestDatabase
  let running: Running[]

  beforeEach(async () => {
    database = await createTestDatabase({ marketplace: true })
    running = []
  })
  afterEach(async () => {
    for (const one of running) one.kill('SIGKILL')
    await Promise.all(running.map(({ ended }) => ended))
    await database.drop()
  })

  const serve = (env: Record<string, string> = {}): Running => {
    const basics = { DATABASE_URL: database.url, PORT: '0', HOST: '127.0.0.1', JWT_SECRET: 'secret', LOG_LEVEL: 'warn' }
    const server = runCli(['serve'], { ...basics, DEMO: 'on', DEMO_LIFE: 'off', ...env })
    running.push(server)
    return server
  }

  async function watchFrom(url: string, watcherId: string, userId: string, online: boolean) {
    if (online) await comeOnline(url, userId)
    const socket = await comeOnline(url, watcherId)
    return (await socket.emitWithAck('watch', { users: [userId] })) as {
      presences: { online_status: string }[]
      versions: Record<string, string>
    }
  }

  async function comeOnline(url: string, userId: string): Promise<Socket> {
    const login = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: userId }),
    }
    const { token } = (await (await fetch(`${url}/api/demo/login`, login)).json()) as { token: string }
    const socket = io(url, { auth: { token }, transports: ['websocket'], reconnection: false, forceNew: true })
    await new Promise((resolve) => socket.once('selfPresence', resolve))
    return socket
  }

  const userRow = async (id: string) =>
    (
      await database.sequelize.query<Record<string, unknown>>('select * from users where id = $1', {
        bind: [id],
        type: QueryTypes.SELECT,
      })
    )[0]

  const activeSessions = async () =>
    (
      await database.sequelize.query<{ count: string }>('select count(*) from user_sessions where is_active', {
        type: QueryTypes.SELECT,
      })
    )[0]?.count

  test('R8 R13 what a killed process left behind is ended by the next start, by the last evidence', async () => {
    const first = serve()
    const url = await first.prints(READY)
    const { id } = seedMember('client', 0)
    await comeOnline(url, id)
    await eventually(
      () => userRow(id),
      (row) => row?.['online_status'] === 'online',
    )
    await eventually(activeSessions, (count) => count === '1')
    const killedAt = Date.now()
    first.kill('SIGKILL')
    await first.ended

    const second = serve()
    const again = await second.prints(READY)
    expect(await userRow(id)).toMatchObject({ online_status: 'offline' })
    expect(await activeSessions()).toBe('0')
    const { token } = (await (
      await fetch(`${again}/api/demo/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: id }),
      })
    ).json()) as { token: string }
    const own = await fetch(`${again}/api/users/presence/${id}`, { headers: { authorization: `Bearer ${token}` } })
    const { last_seen } = (await own.json()) as { last_seen: string }
    expect(Date.parse(last_seen)).toBeLessThanOrEqual(killedAt)
  })

  test('R7 R8 versions go on above what a killed process told, though it had not written it', async () => {
    const first = serve({ PRESENCE_PROJECT_EVERY_MS: '60000' })
    const { id } = seedMember('client', 0)
    const watcher = seedMember('client', 1)
    const told = await watchFrom(await first.prints(READY), watcher.id, id, true)
    first.kill('SIGKILL')
    await first.ended
    const after = await watchFrom(await serve().prints(READY), watcher.id, id, false)
    expect(told.presences).toMatchObject([{ online_status: 'online' }])
    expect(after.presences).toMatchObject([{ online_status: 'offline' }])
    expect(BigInt(after.versions[id] ?? '0')).toBeGreaterThan(BigInt(told.versions[id] ?? '0'))
  })

  test('R54 SIGTERM writes what is unwritten, and the process ends with 0', async () => {
    const server = serve()
    const url = await server.prints(READY)
    const { id } = seedMember('client', 1)
    await comeOnline(url, id)
    server.kill('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(await userRow(id)).toMatchObject({ online_status: 'offline' })
    expect(await activeSessions()).toBe('0')
  })

  test('R52 what is wrong with the settings is listed, a line each', async () => {
    const server = serve({ PORT: 'three', PRESENCE_IDLE_AFTER_MS: 'soon', JWT_SECRET: '' })
    expect((await server.ended).code).toBe(1)
    expect(server.output()).toMatch(/- PORT: is "three"/)
    expect(server.output()).toMatch(/- PRESENCE_IDLE_AFTER_MS: idleAfterMs is "soon", needs/)
  })

  test('R8 a second process on the same database says what to do', async () => {
    await serve().prints(READY)
    const second = serve()
    expect((await second.ended).code).toBe(1)
    expect(second.output()).toMatch(/already/i)
  })
})

describe('the commands', () => {
  let home: string

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'porchlight-cli-'))
  })
  afterEach(() => rm(home, { recursive: true, force: true }))

  test('migrate, again, and rollback leave what was there before', async () => {
    const database = await createTestDatabase({ marketplace: true })
    const run = async (...args: string[]) => {
      const command = runCli(args, { DATABASE_URL: database.url }, home)
      expect(await command.ended, command.output()).toMatchObject({ code: 0 })
      return command.output()
    }
    const columns = async () =>
      (
        await database.sequelize.query<{ column_name: string }>(
          `select column_name from information_schema.columns where table_name = 'users' order by 1`,
          { type: QueryTypes.SELECT },
        )
      ).map(({ column_name }) => column_name)
    const before = await columns()
    expect(await run('migrate')).toMatch(/Applied/)
    expect(await columns()).toEqual(expect.arrayContaining(['online_status', 'last_activity', 'show_online_status']))
    expect(await run('migrate')).toMatch(/Nothing to migrate/)
    expect(await run('rollback', '--all')).toMatch(/Rolled back/)
    expect(await columns()).toEqual(before)
    await database.drop()
  })

  test('R52 migrate builds no marketplace in a database that has tables of its own', async () => {
    const database = await createTestDatabase()
    await database.sequelize.query('create table members (id uuid primary key)')
    const env = { DATABASE_URL: database.url }
    const lost = runCli(['migrate'], env, home)
    expect(await lost.ended).toMatchObject({ code: 1 })
    expect(lost.output()).toMatch(/no table "users".*--users-table/)
    const found = runCli(['migrate', '--users-table', 'members'], env, home)
    expect(await found.ended, found.output()).toMatchObject({ code: 0 })
    await database.sequelize.query('create table users (id uuid primary key)')
    const serve = runCli(['serve'], { ...env, PORT: '0', JWT_SECRET: 'secret' }, home)
    expect(await serve.ended).toMatchObject({ code: 1 })
    expect(serve.output()).toMatch(/not the reference marketplace/)
    await database.drop()
  })

  test('R52 a wrong command or address is said in a sentence', async () => {
    const wrong = async (args: string[], url: string) => {
      const command = runCli(args, { DATABASE_URL: url }, home)
      expect(await command.ended).toMatchObject({ code: 1 })
      return command.output()
    }
    expect(await wrong(['bogus'], 'postgres://localhost/x')).toMatch(/unknown command 'bogus'/)
    expect(await wrong(['migrate'], 'hello')).toMatch(/DATABASE_URL: needs a URL/)
    expect(await wrong(['migrate'], 'postgres://x@127.0.0.1:1/y')).toMatch(/127.0.0.1:1\/y cannot be reached/)
  })

  test('repair lists who was put into the directory without a word, and says how many', async () => {
    const { url, drop } = await createTestDatabase({ marketplace: true })
    const env = { DATABASE_URL: url }
    expect(await runCli(['migrate'], env, home).ended).toMatchObject({ code: 0 })
    const first = runCli(['repair'], env, home)
    expect(await first.ended).toMatchObject({ code: 0 })
    expect(first.output()).toMatch(/^200 providers compared: 200 were not up to date, \d+ counts wrong\.$/m)
    const again = runCli(['repair'], env, home)
    expect(await again.ended).toMatchObject({ code: 0 })
    expect(again.output()).toMatch(/^200 providers compared: 0 were not up to date, 0 counts wrong\.$/m)
    const wrong = runCli(['repair', '--directory', 'nothing.json'], env, home)
    expect(await wrong.ended).toMatchObject({ code: 1 })
    expect(wrong.output()).toMatch(/nothing\.json cannot be read as JSON/)
    await drop()
  })

  test('token prints a token that names the user, and refuses what is no id', async () => {
    const { id } = seedMember('client', 0)
    const env = { DATABASE_URL: 'postgres://localhost/x', JWT_SECRET: 'secret' }
    const good = runCli(['token', id], env, home)
    expect(await good.ended).toMatchObject({ code: 0 })
    const [, claims] = good.output().trim().split('.')
    expect(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())).toMatchObject({ sub: id })
    const bad = runCli(['token', '42'], env, home)
    expect(await bad.ended).toMatchObject({ code: 1 })
    expect(bad.output()).toMatch(/not a UUID/)
  })
})
