import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Request, type RequestHandler } from 'express'
import { DataTypes, type Model, type ModelStatic } from 'sequelize'
import { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPresence, type FilteredRequest, integerIds, type Presence } from '../../src/index.ts'
import { createFlagFile, type FlagFile } from '../support/flag-file.ts'
import { eventually } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

/** Users of the host by what rules may go by. */
const PEOPLE = [
  { name: 'Ana', trade: null, city: 'Lyon' },
  { name: 'Ben', trade: 'plumber', city: 'Lyon' },
  { name: 'Carla', trade: 'plumber', city: 'Nice' },
]

interface App {
  readonly url: string
  readonly presence: Presence | null
  stop(): Promise<void>
}

/** The same app with presence that flags are for, and without any. */
async function startApp(database: TestDatabase, flags: FlagFile | null): Promise<App> {
  const { sequelize } = database
  const fields = { name: DataTypes.STRING, trade: DataTypes.STRING, city: DataTypes.STRING }
  const User: ModelStatic<Model> =
    sequelize.models['Member'] ?? sequelize.define('Member', fields, { tableName: 'members', timestamps: false })
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

  const presence = flags === null ? null : await addPresence({ io, sequelize, User, flags })
  if (presence) app.use(presence.trackActivity(), presence.router())
  const filter: RequestHandler[] = presence ? [presence.presenceFilter()] : []
  app.get('/api/providers', ...filter, async (req: Request, res) => {
    const chosen = presence ? (req as FilteredRequest).presenceFilter.where() : {}
    const rows = await User.findAll({ where: { trade: 'plumber', ...chosen }, order: ['id'] })
    const { user } = req as Request & { user?: { id: number } }
    res.json({ page: 1, data: presence ? await presence.withPresence(rows, user ? String(user.id) : null) : rows })
  })
  app.post('/api/orders', express.json(), (req, res) => void res.json({ ordered: req.body }))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    presence,
    stop: async () => {
      await io.close()
      await presence?.stop()
    },
  }
}

interface Parts {
  readonly io: Server
  readonly sequelize: TestDatabase['sequelize']
  readonly User: ModelStatic<Model>
  readonly flags: FlagFile
}

async function addPresence({ io, sequelize, User, flags }: Parts): Promise<Presence> {
  const presence = createPresence({
    io,
    sequelize,
    User,
    userId: integerIds,
    projectEveryMs: 20,
    flags: {
      file: flags.path,
      attributes: async (userIds) => {
        const found = await User.findAll({ where: { id: [...userIds] } })
        return Object.fromEntries(found.map((user) => [String(user.get('id')), { city: String(user.get('city')) }]))
      },
    },
  })
  await presence.migrate()
  await presence.start()
  return presence
}

describe('an app that exists, for whom presence is switched off', () => {
  let database: TestDatabase
  let flags: FlagFile
  let before: App
  let after: App
  let sockets: Socket[]

  beforeEach(async () => {
    database = await createTestDatabase()
    const { sequelize } = database
    const fields = { name: DataTypes.STRING, trade: DataTypes.STRING, city: DataTypes.STRING }
    const User = sequelize.define('Member', fields, { tableName: 'members', timestamps: false })
    await sequelize.sync()
    await User.bulkCreate(PEOPLE)
    flags = createFlagFile({ if: [{ '==': [{ var: 'city' }, 'Lyon'] }, 'on', 'off'] })
    before = await startApp(database, null)
    after = await startApp(database, flags)
    sockets = []
  })
  afterEach(async () => {
    for (const socket of sockets) socket.disconnect()
    await before.stop()
    await after.stop()
    await database.drop()
    flags.remove()
  })

  /** All of an answer that is not the time of day. */
  async function answerOf(app: App, path: string, user?: string, init: RequestInit = {}) {
    const headers = new Headers(init.headers)
    if (user !== undefined) headers.set('x-user', user)
    const response = await fetch(app.url + path, { ...init, headers })
    const named = [...response.headers].filter(([name]) => name !== 'date')
    return { status: response.status, headers: named, body: await response.text() }
  }

  const connectTo = async (app: App, user: string) => {
    const socket = connect(app.url, { auth: { token: user }, transports: ['websocket'], forceNew: true })
    sockets.push(socket)
    const heard: string[] = []
    socket.onAny((event: string) => heard.push(event))
    await new Promise((resolve) => socket.once('connect', () => resolve(undefined)))
    return { socket, heard }
  }

  test.each([
    ['/api/providers'],
    ['/api/providers?online_status=online'],
    ['/api/providers?online_status=nonsense&last_seen=yesterday'],
    ['/api/users/presence/1'],
    ['/api/users/presence?ids=1,2'],
    ['/api/users/presence/settings'],
  ])('R72 %s answers byte for byte as without Porchlight', async (path) => {
    for (const user of [undefined, '3'])
      expect(await answerOf(after, path, user)).toEqual(await answerOf(before, path, user))
  })

  test('R72 what is sent reaches the routes of the host, and whoever has presence gets it', async () => {
    const order = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"what":"a tap"}' }
    expect(await answerOf(after, '/api/orders', '3', order)).toEqual(await answerOf(before, '/api/orders', '3', order))
    const { data } = JSON.parse((await answerOf(after, '/api/providers', '1')).body) as { data: object[] }
    expect(data).toMatchObject([
      { name: 'Ben', is_online: false, presence: { online_status: 'offline', last_seen: null } },
      { name: 'Carla', is_online: false },
    ])
    expect((await answerOf(after, '/api/providers?online_status=nonsense', '1')).status).toBe(400)
  })

  test('R72 their sockets are the host’s: nothing is said, nothing is closed, nothing is kept', async () => {
    const { socket, heard } = await connectTo(after, '3')
    expect(await socket.timeout(5_000).emitWithAck('chat', 'hello')).toBe('hello')
    expect(await socket.timeout(5_000).emitWithAck('watch', { users: ['1'] })).toMatchObject({
      error: { code: 'SWITCHED_OFF' },
    })
    await after.presence?.service.updateLastActivity('3')
    await expect(after.presence?.service.setCustomStatus('3', 'dnd')).rejects.toMatchObject({ code: 'SWITCHED_OFF' })
    expect(await after.presence?.service.setUserOnline('3', socket.id ?? '')).toMatchObject({
      presence: { online_status: 'offline', last_seen: null },
    })
    expect(await after.presence?.service.getUserPresence('3')).toMatchObject({
      online_status: 'offline',
      last_seen: null,
    })
    expect(heard).toEqual([])
    expect(socket.connected).toBe(true)
    const [rows] = await database.sequelize.query(
      'select user_id from user_sessions union select user_id from porchlight_presence',
    )
    expect(rows).toEqual([])
  })

  test('R70 a role or a city that changes counts when the flags change, or the user comes anew', async () => {
    const ben = await connectTo(after, '2')
    await eventually(
      async () => ben.heard,
      (heard) => heard.includes('selfPresence'),
    )
    await database.sequelize.query(`update members set city = 'Nice' where name = 'Ben'`)
    // The same decision as in their other tab.
    const tab = await connectTo(after, '2')
    await eventually(
      async () => tab.heard,
      (heard) => heard.includes('selfPresence'),
    )
    flags.set({ if: [{ in: [{ var: 'city' }, ['Lyon']] }, 'on', 'off'] })
    await eventually(
      async () => ben.heard,
      (heard) => heard.includes('stale'),
    )
    expect(await after.presence?.service.getUserPresence('2')).toMatchObject({
      online_status: 'offline',
      last_seen: null,
    })
  })
})
