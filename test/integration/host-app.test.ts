import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import { DataTypes, type Model, type ModelStatic } from 'sequelize'
import { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createPresence,
  type FilteredRequest,
  integerIds,
  type Presence,
  type PresenceMethods,
} from '../../src/index.ts'
import { eventually } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

/** The same members as a directory, for our own search. */
const DIRECTORY = {
  providers: {
    table: 'plumbers',
    id: 'id',
    city: 'city',
    rating: 'rating',
    price: 'price',
    name: 'name',
    fields: ['id', 'name', 'city'],
  },
  cityType: 'text' as const,
}
const PLUMBERS = `create view plumbers as
  select id, name, 'Lyon' as city, 4 as rating, null::int as price from members where trade = 'plumber'`

/** A marketplace that was there before: integer ids, a table of its own name, its own sign-in and its own routes. */
interface HostApp {
  readonly url: string
  readonly presence: Presence
  readonly User: ModelStatic<Model & PresenceMethods>
  stop(): Promise<void>
}

async function startHostApp(database: TestDatabase): Promise<HostApp> {
  const { sequelize } = database
  const fields = { name: DataTypes.STRING, trade: DataTypes.STRING }
  const User = sequelize.define<Model & PresenceMethods>('Member', fields, { tableName: 'members', timestamps: false })
  await sequelize.sync()
  await User.bulkCreate(['Ana', 'Ben', 'Carla'].map((name) => ({ name, trade: name === 'Ana' ? null : 'plumber' })))

  const app = express()
  const http: HttpServer = createServer(app)
  const io = new Server(http)
  const userOf = (token: unknown) => (typeof token === 'string' ? { id: Number(token) } : undefined)
  io.use((socket, next) => {
    Object.assign(socket, { user: userOf(socket.handshake.auth['token']) })
    next()
  })
  io.on('connection', (socket) => void socket.on('chat', (text: string, ack: (text: string) => void) => ack(text)))
  app.use((req, _res, next) => {
    Object.assign(req, { user: userOf(req.headers['x-user']) })
    next()
  })

  const presence = createPresence({
    io,
    sequelize,
    User,
    userId: integerIds,
    projectEveryMs: 20,
    // Theirs is at the usual place.
    paths: { providers: '/api/search', ops: '/staff/porch' },
    isOperator: (req) => req.headers['x-user'] === '1',
    directory: DIRECTORY,
  })
  await presence.migrate()
  await sequelize.query(PLUMBERS)
  await presence.start()
  app.use(presence.trackActivity())
  app.use(presence.router())
  app.use(presence.opsRouter())
  app.get('/api/providers', presence.presenceFilter(), async (req: Request, res) => {
    const { presenceFilter } = req as FilteredRequest
    const rows = await User.findAll({ where: { trade: 'plumber', ...presenceFilter.where() }, order: ['id'] })
    res.json({ page: 1, data: await presence.withPresence(rows, null) })
  })
  app.post('/api/orders', (_req, res) => void res.json({ ordered: true }))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    presence,
    User,
    stop: async () => {
      await io.close()
      await presence.stop()
    },
  }
}

describe('an app that exists', () => {
  let database: TestDatabase
  let host: HostApp
  let sockets: Socket[]

  beforeEach(async () => {
    database = await createTestDatabase()
    host = await startHostApp(database)
    sockets = []
  })
  afterEach(async () => {
    for (const socket of sockets) socket.disconnect()
    await host.stop()
    await database.drop()
  })

  const arrive = async (user: string): Promise<Socket> => {
    const socket = connect(host.url, { auth: { token: user }, transports: ['websocket'], forceNew: true })
    sockets.push(socket)
    await new Promise((resolve) => socket.once('selfPresence', resolve))
    return socket
  }
  const get = async (path: string, user?: string) => {
    const response = await fetch(host.url + path, user === undefined ? {} : { headers: { 'x-user': user } })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  const names = (body: { data: { name: string }[] }) => body.data.map(({ name }) => name)

  test('its own sockets and routes go on as before', async () => {
    const ben = await arrive('2')
    expect(await ben.emitWithAck('chat', 'hello')).toBe('hello')
    const { status, body } = await get('/api/providers')
    expect(status).toBe(200)
    expect(body).toMatchObject({ page: 1, data: [{ id: 2, name: 'Ben', trade: 'plumber' }, { name: 'Carla' }] })
  })

  test('its own list gains presence fields and filters, and only adds', async () => {
    await arrive('2')
    const { service } = host.presence
    await service.setCustomStatus('2', 'dnd', 'Busy')
    const hit = await eventually(
      () => get('/api/providers?online_status=dnd'),
      ({ body }) => body.data.length === 1,
    )
    expect(hit.body.data[0]).toMatchObject({
      name: 'Ben',
      is_online: false,
      last_seen_text: 'do not disturb',
      presence: { userId: '2', online_status: 'dnd', custom_message: 'Busy', show_status: true },
    })
    const fields = ['id', 'is_online', 'last_seen_text', 'name', 'presence', 'trade']
    expect(Object.keys(hit.body.data[0]).toSorted()).toEqual(fields)
    expect(names((await get('/api/providers?online_status=offline')).body)).toEqual(['Carla'])
    expect(names((await get('/api/providers?online_status=online,offline')).body)).toEqual(['Carla'])
    expect(names((await get('/api/providers?last_seen=1h')).body)).toEqual(['Ben'])
    expect(names((await get('/api/providers?active_within=15m')).body)).toEqual(['Ben'])
    expect(names((await get('/api/providers?online_status=online,away,dnd,offline')).body)).toEqual(['Ben', 'Carla'])
    expect(await get('/api/providers?last_seen=soon')).toMatchObject({ status: 400, body: { code: 'INVALID_QUERY' } })
  })

  test('R35 the operator page lies where the host wants it, and lets in whom the host lets in', async () => {
    await arrive('2')
    expect(await get('/staff/porch/users/2')).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
    expect(await get('/staff/porch/users/2', '2')).toMatchObject({ status: 403 })
    const { body } = await get('/staff/porch/users/2?viewer=3', '1')
    expect(body).toMatchObject({ user_id: '2', status: 'online', cause: { rule: 'ACTIVE' }, viewer: { user_id: '3' } })
    expect((await get('/staff/porch/data', '1')).body).toMatchObject({ is_shared: false, degraded: [] })
    const page = await fetch(`${host.url}/staff/porch?a=b`)
    expect([page.status, page.url]).toEqual([200, `${host.url}/staff/porch/?a=b`])
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
    const [, script] = /src="\.\/(assets\/[^"]+\.js)"/.exec(await page.text()) ?? []
    expect((await fetch(`${host.url}/staff/porch/${script}`)).headers.get('cache-control')).toMatch(/immutable/)
    expect((await fetch(`${host.url}/ops/`)).status).toBe(404)
  })

  test('our search lies where the host wants it, and follows its directory when told', async () => {
    await arrive('2')
    const here = await eventually(
      () => get('/api/search?city_id=Lyon&online_status=online'),
      ({ body }) => body.providers.length === 1,
    )
    expect(here.body).toMatchObject({
      providers: [{ id: 2, name: 'Ben', city: 'Lyon', is_online: true }],
      counts: { online: 1, away: 0, dnd: 0 },
    })
    const added = await host.User.create({ name: 'Zoë', trade: 'plumber' })
    expect((await get('/api/search?name=zoe')).body.providers).toEqual([])
    expect(await host.presence.directoryChanged([String(added.get('id'))])).toEqual([String(added.get('id'))])
    expect((await get('/api/search?name=zoe')).body.providers).toMatchObject([{ name: 'Zoë' }])
    await expect(host.presence.directoryChanged(['Zoë'])).rejects.toMatchObject({ code: 'INVALID_ID' })
    expect(await host.presence.service.getOnlineProviders('Lyon', null, { name: 'be' })).toMatchObject({
      providers: [{ name: 'Ben' }],
    })
  })

  test('its own model of users gains the four attributes and methods', async () => {
    await arrive('2')
    const ben = await eventually(
      () => host.User.findByPk(2),
      (user) => user?.get('online_status') === 'online',
    )
    expect(ben?.isOnline()).toBe(true)
    expect(ben?.canShowPresence()).toBe(true)
    expect(ben?.getLastSeenText()).toBe('online now')
    expect(ben?.getPresenceInfo()).toMatchObject({ userId: '2', online_status: 'online', show_status: true })
    const hide = { method: 'PATCH', headers: { 'x-user': '2', 'content-type': 'application/json' } }
    await fetch(`${host.url}/api/users/presence/settings`, { ...hide, body: '{"show_online_status":false}' })
    const hidden = await host.User.findByPk(2)
    expect(hidden?.isOnline()).toBe(false)
    expect(hidden?.canShowPresence()).toBe(false)
    expect(hidden?.getLastSeenText()).toBe('offline')
    const stranger = { userId: '2', online_status: 'offline', last_seen: null, show_status: true }
    expect(hidden?.getPresenceInfo()).toEqual(stranger)
  })

  test('R34 whole rows of its users are what they were, however they are read; by name there is more', async () => {
    const was = { id: 2, name: 'Ben', trade: 'plumber' }
    const Note = host.User.sequelize?.define('Note', {}, { timestamps: false })
    Note?.belongsTo(host.User, { as: 'author' })
    await Note?.sync()
    await Note?.create({ authorId: 2 })
    const ben = await host.User.findByPk(2)
    expect(JSON.parse(JSON.stringify(ben))).toEqual(was)
    expect(ben?.get()).toEqual(was)
    expect(ben?.get({ plain: true })).toEqual(was)
    const note = await Note?.findOne({ include: 'author' })
    expect(JSON.parse(JSON.stringify(note))).toMatchObject({ author: was })
    expect(Object.keys(JSON.parse(JSON.stringify(note)).author)).toEqual(Object.keys(was))
    expect(ben?.get('show_online_status')).toBe(true)
    expect(ben?.getDataValue('online_status')).toBe('offline')
    await ben?.update({ name: 'Benno' })
    expect((await host.User.findByPk(2))?.get()).toEqual({ ...was, name: 'Benno' })
  })

  test('R12 a request that is no plain read is a sign of use, also of someone without a socket', async () => {
    await get('/api/providers', '3')
    const order = { method: 'POST', headers: { 'x-user': '3' } }
    const before = await host.User.findByPk(3)
    expect(before?.get('last_activity')).toBeNull()
    await fetch(`${host.url}/api/orders`, order)
    const after = await eventually(
      () => host.User.findByPk(3),
      (user) => user?.get('last_activity') !== null,
    )
    expect(after?.get('online_status')).toBe('offline')
  })

  test('the service does what the platform design names', async () => {
    const { service } = host.presence
    const { sessionId, presence } = await service.setUserOnline('1', 'a-socket', { device_type: 'mobile' })
    expect(presence.online_status).toBe('online')
    expect((await service.setUserOnline('1', 'a-socket')).sessionId).toBe(sessionId)
    expect(await service.getUserPresence('1')).toMatchObject({ online_status: 'online', show_status: true })
    await service.updateLastActivity('1')
    expect(await service.setCustomStatus('1', 'away', 'Tea', { expiresIn: 60 })).toMatchObject({
      online_status: 'away',
    })
    await expect(service.setCustomStatus('1', 'offline' as 'away')).rejects.toMatchObject({ code: 'INVALID_STATUS' })
    await expect(service.getUserPresence('x')).rejects.toMatchObject({ code: 'INVALID_ID' })
    await expect(service.getUserPresence('99')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
    await expect(service.getOnlineProviders('', null)).rejects.toMatchObject({ code: 'INVALID_QUERY' })
    await service.setUserOffline('1', 'a-socket')
    expect(await service.getUserPresence('1')).toMatchObject({ online_status: 'offline' })
    expect(await service.cleanupInactiveSessions()).toBe(0)
    const rows = await host.presence.UserSession.findAll({ where: { user_id: 1 } })
    expect(rows.length).toBeLessThanOrEqual(1)
  })

  test('handleSocketError asks the client to read everything again', async () => {
    const ben = await arrive('2')
    const asked = new Promise((resolve) => ben.once('resync', () => resolve('resync')))
    host.presence.service.handleSocketError('2', new Error('parse error'))
    expect(await asked).toBe('resync')
  })

  test('signOutEverywhere closes every connection of a user, for good', async () => {
    const devices = [await arrive('2'), await arrive('2')]
    const reasons = Promise.all(devices.map((device) => new Promise((resolve) => device.once('disconnect', resolve))))
    expect(await host.presence.service.signOutEverywhere('2')).toBe(2)
    expect(await reasons).toEqual(['io server disconnect', 'io server disconnect'])
  })

  test('broadcastPresence says again what is true, and cannot change it', async () => {
    const ana = await arrive('1')
    await ana.emitWithAck('watch', { users: ['2'] })
    const told = new Promise((resolve) => ana.once('presenceUpdate', resolve))
    await host.presence.broadcastPresence('2', 'online')
    expect(await told).toMatchObject({ userId: '2', status: 'offline' })
  })
})

test('R52 a host that forgot to migrate is told so before it lets anybody in, and starts once it did', async () => {
  const database = await createTestDatabase()
  const { sequelize } = database
  const User = sequelize.define('Member', { name: DataTypes.STRING }, { tableName: 'members', timestamps: false })
  await sequelize.sync()
  const system = () => createPresence({ io: new Server(), sequelize, User, userId: integerIds })
  const forgetful = system()
  const told = expect.stringMatching(/lacks all of what presence needs: run `porchlight migrate`/)
  await expect(forgetful.start()).rejects.toMatchObject({ code: 'SCHEMA_CONFLICT', message: told })
  await forgetful.migrate()
  await sequelize.query("delete from porchlight_migrations where name like '010%'")
  await expect(forgetful.start()).rejects.toMatchObject({ message: expect.stringMatching(/lacks 010-\S+ of what/) })
  await sequelize.query("insert into porchlight_migrations (name) select '010-backfill'")
  await forgetful.start()
  await forgetful.stop()
  await database.drop()
})
