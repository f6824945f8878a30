import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket } from 'socket.io'
import { io as connectClient, type Socket as Client } from 'socket.io-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PresenceError } from '../../domain/errors.ts'
import type { PresenceInfo } from '../../domain/info.ts'
import { uuidIds } from '../../domain/user-id.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'
import { defaultIdentifySocket } from '../identify.ts'
import { noLimits } from '../limits.ts'
import { createTokens } from '../token.ts'
import { attachSockets } from './attach-sockets.ts'
import { authenticateSocket } from './authenticate.ts'

const ALICE = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'
const BOB = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e02'

const tokens = createTokens({ secret: 'a secret that is long enough for a test' })
const token = (await tokens.sign?.(ALICE)) ?? ''
const log = { warn: vi.fn(), error: vi.fn() }
const metrics = {
  refused: vi.fn(),
  unanswered: vi.fn(),
  dropped: vi.fn(),
  flooded: vi.fn(),
  requested: vi.fn(),
  answered: vi.fn(),
}
const presence: PresenceInfo = { userId: ALICE, online_status: 'online', last_seen: null, show_status: true }

// The service is another room's; here it only has to remember what it was asked.
const verbs = {
  admit: vi.fn(async () => {}),
  isOn: () => true as const,
  connectSession: vi.fn(async () => ({ sessionId: 'session 1', presence })),
  disconnectSession: vi.fn(async () => {}),
  noteSessionActivity: vi.fn(async () => {}),
  chooseStatus: vi.fn(async () => presence),
  watchUsers: vi.fn(async () => ({ presences: [presence], versions: { [ALICE]: '7' }, stale: false })),
  unwatchAll: vi.fn(),
  handleSocketError: vi.fn(),
}
const limiter = { take: vi.fn(() => true) }
const refusals = { take: vi.fn(() => true) }
const limits = { ...noLimits, events: limiter, refusals, turnAway: vi.fn(async () => {}) }
const identify = vi.fn(defaultIdentifySocket)

let io: Server
let clients: Client[] = []

beforeEach(async () => {
  vi.clearAllMocks()
  const http = createServer()
  io = new Server(http)
  io.use(authenticateSocket(tokens, log))
  attachSockets({
    io,
    verbs: verbs as unknown as PresenceVerbs,
    options: { maxPayloadBytes: 1_024, maxWatchedUsers: 50, floodPenaltyMs: 60_000 },
    identify,
    codec: uuidIds,
    limits,
    log,
    metrics,
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  for (const client of clients) client.disconnect()
  clients = []
  await io.close()
})

/** A client that is on its way. */
function dial(auth: object = { token }): Client {
  const { port } = (io.httpServer as unknown as { address(): AddressInfo }).address()
  const client = connectClient(`http://127.0.0.1:${port}`, { auth, transports: ['websocket'], reconnection: false })
  clients.push(client)
  return client
}

/** A client whose session was made. */
async function arrive(): Promise<Client> {
  const client = dial()
  expect(await heard(client, 'selfPresence')).toEqual(presence)
  return client
}

const heard = (client: Client, event: string): Promise<unknown> => new Promise((resolve) => client.once(event, resolve))

/** Makes the next session wait. @returns lets it be made */
function holdSession(): (sessionId: string) => void {
  const making = new EventEmitter()
  verbs.connectSession.mockImplementationOnce(async () => {
    const [sessionId] = await once(making, 'made')
    return { sessionId: String(sessionId), presence }
  })
  return (sessionId) => void making.emit('made', sessionId)
}

test('R2 a connection gets a session, and its goodbye ends that one', async () => {
  const client = dial({ token, device_type: 'mobile', device_id: 'phone' })
  await heard(client, 'selfPresence')
  const device = expect.objectContaining({ deviceType: 'mobile', deviceId: 'phone', format: 'events' })
  expect(verbs.connectSession).toHaveBeenCalledWith(ALICE, client.id, device, undefined)
  client.disconnect()
  const goodbye = ['session 1', 'client namespace disconnect', undefined]
  await vi.waitFor(() => expect(verbs.disconnectSession).toHaveBeenCalledWith(...goodbye))
})

test('R2 a goodbye while the session is being made ends it as soon as there is one', async () => {
  const made = holdSession()
  const client = dial()
  // Whoever is not connected yet says no goodbye.
  await Promise.all([heard(client, 'connect'), vi.waitFor(() => expect(verbs.connectSession).toHaveBeenCalled())])
  client.disconnect()
  await vi.waitFor(() => expect(io.of('/').sockets.size).toBe(0))
  expect(verbs.disconnectSession).not.toHaveBeenCalled()
  made('late')
  await vi.waitFor(() => expect(verbs.disconnectSession).toHaveBeenCalledTimes(1))
  expect(verbs.disconnectSession).toHaveBeenCalledWith('late', 'client namespace disconnect', undefined)
})

test('R13 silence is dated by the last sign of life', async () => {
  await arrive()
  const [socket] = io.of('/').sockets.values()
  const before = Date.now()
  // What Engine.IO does when a client stays silent.
  ;(socket as unknown as { conn: { onClose(reason: string): void } }).conn.onClose('ping timeout')
  await vi.waitFor(() => expect(verbs.disconnectSession).toHaveBeenCalledTimes(1))
  const [, reason, evidenceAt] = verbs.disconnectSession.mock.calls[0] as unknown as [string, string, number]
  expect(reason).toBe('ping timeout')
  expect(evidenceAt).toBeLessThanOrEqual(before)
})

test('events that come early wait for the session', async () => {
  const made = holdSession()
  const client = dial()
  const reply = client.emitWithAck('watch', { users: [BOB] })
  await vi.waitFor(() => expect(limiter.take).toHaveBeenCalled())
  expect(verbs.watchUsers).not.toHaveBeenCalled()
  made('session 1')
  expect(await reply).toEqual({ ok: true, presences: [presence], versions: { [ALICE]: '7' }, stale: false })
  expect(verbs.watchUsers).toHaveBeenCalledWith(client.id, ALICE, [BOB], {})
})

test('statuses, lists and activity reach the service', async () => {
  const client = await arrive()
  const change = { status: 'dnd', message: ' on a roof ' }
  expect(await client.emitWithAck('setStatus', change)).toEqual({ ok: true, presence })
  expect(verbs.chooseStatus).toHaveBeenCalledWith(ALICE, { status: 'dnd', message: 'on a roof', expiresInS: null })
  expect(await client.emitWithAck('unwatch')).toEqual({ ok: true })
  expect(verbs.unwatchAll).toHaveBeenCalledWith(client.id)
  client.emit('activity')
  await vi.waitFor(() => expect(verbs.noteSessionActivity).toHaveBeenCalledWith('session 1'))
})

test.each<[event: string, payload: unknown, code: string]>([
  ['setStatus', undefined, 'INVALID_PAYLOAD'],
  ['setStatus', 'away', 'INVALID_PAYLOAD'],
  ['setStatus', Buffer.from('away'), 'INVALID_STATUS'],
  ['setStatus', { status: 'offline' }, 'INVALID_STATUS'],
  ['setStatus', { status: 'x'.repeat(2_000) }, 'PAYLOAD_TOO_LARGE'],
  ['watch', { users: ['bob'] }, 'INVALID_ID'],
  ['watch', { users: 7 }, 'INVALID_PAYLOAD'],
  ['watch', { users: Array.from({ length: 51 }, () => 'x') }, 'LIMIT_EXCEEDED'],
  ['unwatch', 7, 'INVALID_PAYLOAD'],
])('R52 refuses %s with %j: %s', async (event, payload, code) => {
  const client = await arrive()
  const error = expect.objectContaining({ code, retryable: false })
  expect(await client.emitWithAck(event, payload)).toEqual({ ok: false, error })
  expect(metrics.refused).toHaveBeenCalledWith('socket', code)
})

test('R53 a watch list is bounded by its length, not by bytes', async () => {
  const client = await arrive()
  const users = Array.from({ length: 50 }, () => BOB)
  expect(await client.emitWithAck('watch', { users })).toMatchObject({ ok: true })
})

test('R52 events without an ack, with a strange one, or unknown, are harmless', async () => {
  const client = await arrive()
  client.emit('setStatus', { status: 'nonsense' })
  client.emit('setStatus')
  client.emit('watch', null, 'not an ack')
  client.emit('activity', { deep: [1] }, 2, 3)
  client.emit('toString')
  client.emit('nobody knows this', {})
  expect(await client.emitWithAck('unwatch', {})).toEqual({ ok: true })
  expect(metrics.unanswered).toHaveBeenCalledTimes(3)
})

test('R53 above the limit an event is refused and an activity dropped', async () => {
  const client = await arrive()
  limiter.take.mockReturnValue(false)
  const error = expect.objectContaining({ code: 'RATE_LIMITED', retryable: true })
  expect(await client.emitWithAck('unwatch', {})).toEqual({ ok: false, error })
  expect(await client.emitWithAck('activity')).toEqual({ ok: false, error })
  client.emit('activity')
  await vi.waitFor(() => expect(metrics.dropped).toHaveBeenCalledWith('activity'))
  expect(verbs.noteSessionActivity).not.toHaveBeenCalled()
  limiter.take.mockReturnValue(true)
})

test('R52 a bug is logged and says nothing of itself', async () => {
  const client = await arrive()
  verbs.watchUsers.mockRejectedValueOnce(new Error('relation "users" does not exist'))
  const reply = (await client.emitWithAck('watch', { users: [] })) as { error: { message: string } }
  expect(reply).toMatchObject({ ok: false, error: { code: 'INTERNAL' } })
  expect(reply.error.message).not.toContain('relation')
  expect(log.error).toHaveBeenCalledTimes(1)
})

test('R54 a connection without a session is closed so that the client comes back, unless there is no such user', async () => {
  verbs.connectSession.mockRejectedValueOnce(new PresenceError('STORE_UNAVAILABLE', 'Not now.', { retryable: true }))
  expect(await heard(dial(), 'disconnect')).toBe('transport close')
  verbs.connectSession.mockRejectedValueOnce(new PresenceError('USER_NOT_FOUND', 'Nobody.'))
  expect(await heard(dial(), 'disconnect')).toBe('io server disconnect')
})

test.each([
  ['at once', () => null],
  ['after a while', async () => null],
])('sockets that are known %s to be nobody of ours are left alone', async (_when, answer) => {
  identify.mockImplementationOnce(answer)
  io.on(
    'connection',
    (socket: Socket) => void socket.on('watch', (_list: unknown, ack: (reply: string) => void) => ack('the host')),
  )
  expect(await dial().emitWithAck('watch', { users: ['bob'] })).toBe('the host')
  const [socket] = io.of('/').sockets.values()
  expect(socket?.listenerCount('disconnect')).toBe(0)
  expect(socket?.listenerCount('activity')).toBe(0)
  expect(verbs.connectSession).not.toHaveBeenCalled()
})

test.each([{}, { token: '' }, { token: 7 }, { token: 'a.b.c' }])('R52 refuses the handshake %j', async (auth) => {
  const error = (await heard(dial(auth), 'connect_error')) as Error & { data: unknown }
  expect(error.data).toEqual({ code: 'UNAUTHENTICATED', message: error.message, retryable: false })
})

test('an error of a socket is handed to the service', async () => {
  const client = await arrive()
  const [socket] = io.of('/').sockets.values()
  const error = new Error('packet')
  ;(socket as unknown as { emitReserved(event: string, error: Error): void }).emitReserved('error', error)
  expect(verbs.handleSocketError).toHaveBeenCalledWith(ALICE, error, client.id)
})

test('R35 an event of the name error is no error of its socket: the words of a client do not get into the log', async () => {
  const client = await arrive()
  client.emit('error', 'Gone to the lighthouse')
  expect(await client.timeout(2_000).emitWithAck('unwatch', {})).toEqual({ ok: true })
  expect(verbs.handleSocketError).not.toHaveBeenCalled()
  expect(log.warn).not.toHaveBeenCalled()
})
