import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import { Server } from 'socket.io'
import { io as plainClient } from 'socket.io-client'
import { afterEach, expect, test, vi } from 'vitest'
import { integerIds } from '../domain/user-id.ts'
import { fakeClock } from './fake-clock.ts'
import { startTestPresence, type TestPresence, type TestPresenceOptions } from './start-test-presence.ts'

// A host may have no Sequelize at all: importing it here would fail this whole file.
vi.mock('sequelize', () => {
  throw new Error('sequelize was imported')
})

const ANA = randomUUID()
const BEN = randomUUID()
const running: TestPresence[] = []

async function start(options: TestPresenceOptions = {}): Promise<TestPresence> {
  const system = await startTestPresence({ users: [ANA, BEN], ...options })
  running.push(system)
  return system
}

afterEach(async () => {
  for (const system of running.splice(0)) await system.stop()
})

const namesOf = (events: readonly (readonly [string, ...unknown[]])[]): string[] => events.map(([name]) => name)

test('R3 a loss is news at the end of the grace, to the millisecond and without waiting', async () => {
  const { connect, clock, presenceOf } = await start()
  const [ana, ben] = [await connect(ANA), await connect(BEN)]
  expect(await ana.watch(BEN)).toMatchObject([{ userId: BEN, online_status: 'online' }])
  const lostAt = clock.now()
  await ben.cut()
  await clock.advance(9_999)
  expect(await ana.take()).toEqual([])
  await clock.advance(1)
  expect(namesOf(await ana.take())).toEqual(['userOffline', 'presenceUpdate'])
  const seen = await presenceOf(BEN, ANA)
  expect(seen).toMatchObject({ online_status: 'offline', last_seen: new Date(lostAt).toISOString() })
})

test('R3 whoever comes back within the grace makes no news, however long they stay', async () => {
  const { connect, clock } = await start()
  const [ana, ben] = [await connect(ANA), await connect(BEN)]
  await ana.watch(BEN)
  await ben.cut()
  await clock.advance(5_000)
  await ben.comeBack()
  await clock.advance(60_000)
  expect(await ana.take()).toEqual([])
})

test('R10 R11 what falls due on the way happens in order, each at its own moment', async () => {
  const { connect, clock } = await start()
  const [ana, ben] = [await connect(ANA), await connect(BEN)]
  await ana.watch(BEN)
  const since = clock.now()
  await ben.setStatus({ status: 'dnd', message: 'On a roof', expires_in: 60 })
  await ben.cut()
  await ben.comeBack()
  await clock.advance(86_400_000)
  const told = (await ana.take()).flatMap((event) => (event[0] === 'presenceUpdate' ? [event[1]] : []))
  expect(told.map(({ status, timestamp }) => [status, Date.parse(timestamp) - since])).toEqual([
    ['dnd', 0],
    ['online', 60_000],
    ['away', 300_000],
  ])
})

test('R12 a sign of use makes somebody idle active again', async () => {
  const { connect, clock } = await start()
  const [ana, ben] = [await connect(ANA), await connect(BEN, { format: 'diff' })]
  await ben.watch(ANA)
  await clock.advance(300_000)
  expect(await ben.next('presenceDiff')).toMatchObject({ changed: [{ userId: ANA, status: 'away' }] })
  await ana.activity()
  expect(await ben.next('presenceDiff')).toMatchObject({ changed: [{ userId: ANA, status: 'online' }] })
})

test('routes answer as in production, a user id being the token', async () => {
  const { url, connect } = await start()
  const ben = await connect(BEN)
  const as = (user: string, more: object = {}): RequestInit => ({
    headers: { authorization: `Bearer ${user}`, 'content-type': 'application/json' },
    ...more,
  })
  const hide = as(BEN, { method: 'PATCH', body: JSON.stringify({ show_online_status: false }) })
  expect((await fetch(`${url}/api/users/presence/settings`, hide)).status).toBe(200)
  expect(await ben.next('selfPresence')).toMatchObject({ online_status: 'online', show_status: false })
  const seen = await fetch(`${url}/api/users/presence/${BEN}`, as(ANA))
  expect(await seen.json()).toEqual({ userId: BEN, online_status: 'offline', last_seen: null, show_status: true })
  expect((await fetch(`${url}/api/users/presence/${BEN}`)).status).toBe(401)
  expect((await fetch(`${url}/api/providers`)).status).toBe(404)
})

test('the search finds providers as they are this moment', async () => {
  const providers = [
    { id: BEN, name: 'Ben', city_id: 1, service_ids: ['plumber'], rating: 4 },
    { id: randomUUID(), name: 'Carla', city_id: 1, service_ids: ['plumber'], rating: 5 },
  ]
  const { url, connect, presence } = await start({ providers })
  const ben = await connect(BEN)
  await ben.setStatus({ status: 'dnd' })
  const found = await (await fetch(`${url}/api/providers?city_id=1&service_id=plumber&online_status=dnd`)).json()
  expect(found).toMatchObject({
    providers: [{ name: 'Ben', is_online: false }],
    counts: { online: 0, away: 0, dnd: 1 },
  })
  const rows = await presence.withPresence([{ id: BEN }, { id: providers[1]?.id }], null)
  expect(rows.map(({ last_seen_text }) => last_seen_text)).toEqual(['do not disturb', 'offline'])
})

test("the host's own app, sign-in and list go on as before", async () => {
  const app = express()
  app.use((req, _res, next) => next(void Object.assign(req, { user: { id: Number(req.headers['x-user']) } })))
  const io = new Server(createServer(app))
  io.use((socket, next) => next(void Object.assign(socket, { user: { id: Number(socket.handshake.auth['card']) } })))
  io.on('connection', (socket) => void socket.on('chat', (text: string, ack: (text: string) => void) => ack(text)))
  const { url, connect, presence } = await start({ app, io, users: ['1', '2'], userId: integerIds })
  app.get('/people', presence.presenceFilter(), (req, res) => void res.json(Reflect.get(req, 'presenceFilter').where()))
  const ana = await connect('1', { auth: { card: 1 } })
  expect(await ana.watch('2')).toMatchObject([{ userId: '2', online_status: 'offline' }])
  const chat = plainClient(url, { auth: { card: 0 }, transports: ['websocket'], forceNew: true })
  expect(await chat.emitWithAck('chat', 'hello')).toBe('hello')
  chat.disconnect()
  expect(await (await fetch(`${url}/people?online_status=online`)).json()).toEqual({ id: ['1'] })
  const headers = { 'x-user': '2' }
  expect((await fetch(`${url}/api/users/presence/1`, { headers })).status).toBe(200)
  await expect(connect('2', { auth: { card: 'lost' } })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('a server that listened before is used as it is, and stays', async () => {
  const http = createServer(express())
  const io = new Server(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  try {
    const system = await start({ io, audience: 'everyone' })
    const ana = await system.connect(ANA)
    await system.connect(BEN)
    expect(await ana.next('userOnline', { userId: BEN })).toMatchObject({ status: 'online' })
    await system.stop()
    expect([http.listening, io.of('/').sockets.size, io.of('/').listenerCount('connection')]).toEqual([true, 0, 0])
  } finally {
    await io.close()
  }
})

test('an io that nobody attached is attached, and closed', async () => {
  const io = new Server()
  const system = await start({ io })
  await system.connect(ANA)
  await system.stop()
  await expect(fetch(system.url)).rejects.toThrow()
})

test('says what is wrong: nobody of that name, ids that cannot be, refusals, and what was never heard', async () => {
  const system = await start()
  await expect(system.connect(randomUUID())).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  expect(() => system.addUser('ben')).toThrow(/cannot be the id/)
  const ana = await system.connect(system.addUser())
  await expect(ana.setStatus({ status: 'offline' as 'away' })).rejects.toMatchObject({ code: 'INVALID_STATUS' })
  await expect(ana.watch('nobody')).rejects.toMatchObject({ code: 'INVALID_ID' })
  const waiting = expect(ana.next('drain')).rejects.toThrow(/never heard/)
  await ana.setStatus({ status: 'away' })
  await system.stop()
  await waiting
})

test('two systems can go by one clock, and stopping twice is harmless', async () => {
  const clock = fakeClock(0)
  const [one, two] = [await start({ clock }), await start({ clock })]
  const [here, there] = [await one.connect(ANA), await two.connect(ANA)]
  await clock.advance(300_000)
  for (const client of [here, there]) expect(await client.next('selfPresence')).toMatchObject({ online_status: 'away' })
  await one.stop()
  await one.stop()
})

test('R3 leaving says goodbye: the session ends at once, for whoever watches', async () => {
  const { connect } = await start()
  const [ana, ben] = [await connect(ANA), await connect(BEN)]
  await ana.watch(BEN)
  await ben.leave()
  expect(await ana.next('userOffline', { userId: BEN })).toMatchObject({ status: 'offline' })
})
