import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect as connectTcp, type Socket as TcpSocket } from 'node:net'
import { io, type Socket } from 'socket.io-client'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Client, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'

let market: Marketplace
const sockets: Socket[] = []

async function open(env: Record<string, string> = {}): Promise<Marketplace> {
  market = await startMarketplace(env)
  return market
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect()
  await market.stop()
})

/** What a plain client hears instead of `connect`. */
async function refusedWith(auth: object, options: Record<string, unknown> = {}): Promise<unknown> {
  const socket = io(market.url, {
    auth,
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    ...options,
  })
  sockets.push(socket)
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('connected'))
    socket.once('connect_error', (error) => resolve((error as { data?: unknown }).data ?? error))
  })
}

const closed = ({ socket }: Client): Promise<string> => new Promise((resolve) => socket.once('disconnect', resolve))

/** An engine connection without anything of Socket.IO on it. */
async function rawSocket(headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${market.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { headers })
  socket.on('error', () => {})
  return socket
}

const ended = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve))

/** The answer of the handshake as HTTP. */
const handshake = (query = 'EIO=4&transport=polling', init: RequestInit = {}) =>
  market.http(`/socket.io/?${query}`, init)

/** Sends text to the server as it is, and reads until it hangs up. */
function speak(text: string, then?: (write: (more: string) => void) => void): Promise<string> {
  const { hostname, port } = new URL(market.url)
  return new Promise((resolve) => {
    let heard = ''
    const socket = connectTcp(Number(port), hostname, () => {
      socket.write(text)
      then?.((more) => void socket.write(more))
    })
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })
}

describe('R53 events', () => {
  test('whoever goes on flooding is closed with a reason, and kept away for a while', async () => {
    await open({ PRESENCE_EVENTS_PER_SECOND: '1', PRESENCE_EVENTS_BURST: '5', PRESENCE_REFUSED_BURST: '20' })
    const eve = await market.person('client')
    const flooding = await market.connect(eve)
    const gone = closed(flooding)
    for (let n = 0; n < 30; n += 1) flooding.socket.emit('setStatus', { status: 'away' })
    expect(await flooding.hears('closing')).toEqual({
      code: 'FLOODING',
      message: expect.stringMatching(/\.$/),
      reconnect: true,
      reconnect_in_ms: 60_000,
    })
    expect(await gone).toBe('transport close')
    const back = io(market.url, {
      auth: { token: eve.token },
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    })
    sockets.push(back)
    const told = await new Promise<{ code: string }>((resolve) => back.once('closing', resolve))
    expect(told.code).toBe('TOO_MANY_CONNECTS')
  })

  test('whoever is refused now and then is not closed', async () => {
    await open({ PRESENCE_EVENTS_PER_SECOND: '1', PRESENCE_EVENTS_BURST: '5', PRESENCE_REFUSED_BURST: '20' })
    const ana = await market.connect(await market.person('client'))
    const replies = await Promise.all(Array.from({ length: 20 }, () => ana.ask('unwatch', {})))
    expect(replies.filter(({ ok }) => ok)).toHaveLength(5)
    expect(ana.socket.connected).toBe(true)
  })

  test('junk below events closes the connection, too', async () => {
    await open({ PRESENCE_PACKETS_PER_SECOND: '10', PRESENCE_PACKETS_BURST: '50' })
    const ana = await market.connect(await market.person('client'))
    const gone = closed(ana)
    for (let n = 0; n < 60; n += 1)
      (ana.socket.io.engine as unknown as { write(text: string): void }).write('0/elsewhere,')
    expect(await ana.hears('closing')).toMatchObject({ code: 'FLOODING' })
    await gone
  })

  test('large packets count for more: what is parsed is bounded by its bytes', async () => {
    await open({ PRESENCE_PACKETS_PER_SECOND: '10', PRESENCE_PACKETS_BURST: '100' })
    const ana = await market.connect(await market.person('client'))
    const gone = closed(ana)
    for (let n = 0; n < 3; n += 1) ana.socket.emit('nonsense', 'x'.repeat(45_000))
    expect(await ana.hears('closing')).toMatchObject({ code: 'FLOODING' })
    await gone
  })

  test('a message beyond everything that makes sense ends the connection', async () => {
    await open()
    const socket = await rawSocket()
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('x'.repeat(1_100_000))
    expect(await ended(socket)).toBe(1009)
  })
})

describe('R53 what comes after the last word', () => {
  /** The server's end of the next connection that somebody opens. */
  function nextArrival(): Promise<TcpSocket> {
    return new Promise((resolve) => {
      const channel = 'net.server.socket'
      const onSocket = (message: unknown): void => {
        unsubscribe(channel, onSocket)
        resolve((message as { socket: TcpSocket }).socket)
      }
      subscribe(channel, onSocket)
    })
  }

  const MIB = 1_048_576

  test.for([
    ['whoever floods', `42["nonsense","${'x'.repeat(900_000)}"]`],
    ['whoever sends what is no packet', 'x'.repeat(900_000)],
    ['whoever sends a message beyond everything that makes sense', 'x'.repeat(2 * MIB)],
  ] as const)('of %s nothing more is read, and the connection ends', async ([, frame]) => {
    await open()
    const { token } = await market.person('client')
    const arriving = nextArrival()
    const socket = await rawSocket()
    const arrival = await arriving
    socket.once('message', () => socket.send(`40${JSON.stringify({ token })}`))
    await new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => data.toString().startsWith('40') && resolve())
    })
    const gone = new Promise((resolve) => arrival.once('close', resolve))
    for (let sent = 0; sent < 64 * MIB; sent += frame.length) socket.send(frame)
    await gone
    expect(arrival.bytesRead).toBeLessThan(8 * MIB)
    await market.connect(await market.person('client', 1))
  })
})

describe('R53 reads', () => {
  test('a user asks about so many users, over sockets and HTTP together', async () => {
    await open({ PRESENCE_READS_PER_SECOND: '1', PRESENCE_READS_BURST: '50', PRESENCE_MAX_WATCHED_USERS: '50' })
    const ana = await market.person('client')
    const client = await market.connect(ana)
    const ids = Array.from({ length: 30 }, (_, n) => NOBODY.slice(0, -2) + String(10 + n))
    expect(await client.ask('watch', { users: ids })).toMatchObject({ ok: true })
    expect(await client.ask('watch', { users: ids })).toMatchObject({
      error: { code: 'RATE_LIMITED', retryable: true },
    })
    const batch = await market.http(`/api/users/presence?ids=${ids.join(',')}`, { as: ana })
    expect(batch).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', retryable: true } })
    expect(batch.headers.get('retry-after')).toBe('1')
    // Somebody else is not in their way.
    expect(
      (await market.http(`/api/users/presence?ids=${ids.join(',')}`, { as: await market.person('client', 1) })).status,
    ).toBe(200)
  })

  test('a list of more users than may be watched is refused whole', async () => {
    await open()
    const client = await market.connect(await market.person('client'))
    const users = Array.from({ length: 10_000 }, () => NOBODY)
    expect(await client.ask('watch', { users })).toMatchObject({ error: { code: 'LIMIT_EXCEEDED', retryable: false } })
  })
})

describe('R53 decisions and searches', () => {
  test('decisions of a user are counted, whichever way they come', async () => {
    await open({ PRESENCE_DECISIONS_PER_MINUTE: '3' })
    const ana = await market.person('client')
    const client = await market.connect(ana)
    const path = '/api/users/presence/status'
    const patch = () => market.http(path, { method: 'PATCH', as: ana, json: { status: 'away' } })
    expect((await patch()).status).toBe(200)
    expect(await client.ask('setStatus', { status: 'dnd' })).toMatchObject({ ok: true })
    expect((await patch()).status).toBe(200)
    const refused = await patch()
    expect(refused).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', retryable: true } })
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(30)
    expect(seconds).toBeLessThanOrEqual(60)
    expect(await client.ask('setStatus', { status: 'online' })).toMatchObject({ error: { code: 'RATE_LIMITED' } })
  })

  test('searches of an address are counted, and those that a user watches', async () => {
    await open({ PRESENCE_SEARCHES_PER_MINUTE: '2' })
    expect((await market.http('/api/providers')).status).toBe(200)
    expect((await market.http('/api/providers')).status).toBe(200)
    expect(await market.http('/api/providers')).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } })
    const client = await market.connect(await market.person('client'))
    expect(await client.ask('watchProviders', {})).toMatchObject({ ok: true })
    expect(await client.ask('watchProviders', { limit: 5 })).toMatchObject({ ok: true })
    expect(await client.ask('watchProviders', { limit: 6 })).toMatchObject({ error: { code: 'RATE_LIMITED' } })
  })

  test('requests of an address are counted before anything is done for them', async () => {
    await open({ PRESENCE_ADDRESS_REQUESTS_PER_SECOND: '1', PRESENCE_ADDRESS_REQUESTS_BURST: '4' })
    const statuses: number[] = []
    for (let n = 0; n < 6; n += 1) statuses.push((await market.http('/healthz')).status)
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429])
  })
})

describe('R53 connections', () => {
  test('a user who connects too often is told so, with a time', async () => {
    await open({ PRESENCE_CONNECTS_PER_MINUTE: '2' })
    const ana = await market.person('client')
    for (let n = 0; n < 2; n += 1) (await market.connect(ana)).leave()
    const socket = io(market.url, {
      auth: { token: ana.token },
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    })
    sockets.push(socket)
    const told = await new Promise<Record<string, unknown>>((resolve) => socket.once('closing', resolve))
    expect(told).toMatchObject({ code: 'TOO_MANY_CONNECTS', reconnect: true })
    expect(told['reconnect_in_ms']).toBeGreaterThan(30_000)
    await market.connect(await market.person('client', 1))
  })

  test('an address that connects too often is answered 429, before there is a connection', async () => {
    await open({ PRESENCE_ADDRESS_CONNECTS_PER_MINUTE: '6' })
    expect((await handshake()).status).toBe(200)
    const refused = await handshake()
    expect(refused).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', retryable: true } })
    expect(refused.headers.get('retry-after')).toBe('1')
    // The same for a WebSocket, whose answer a browser does not show.
    const socket = await rawSocket()
    const [status, type] = await new Promise<[number, string]>((resolve) =>
      socket.once('unexpected-response', (_request, response) =>
        resolve([response.statusCode ?? 0, String(response.headers['content-type'])]),
      ),
    )
    expect([status, type]).toEqual([429, 'application/problem+json; charset=utf-8'])
  })

  test('an address has so many connections at once', async () => {
    await open({ PRESENCE_ADDRESS_CONNECTIONS: '2' })
    const one = await market.connect(await market.person('client'))
    await market.connect(await market.person('client', 1))
    expect(await handshake()).toMatchObject({ status: 400, body: { code: 'LIMIT_EXCEEDED', retryable: true } })
    one.leave()
    await market.untilConnections(1)
    await market.connect(await market.person('client', 2))
  })

  test('an address that brings wrong tokens is not listened to for a while, by socket or HTTP', async () => {
    await open({ PRESENCE_ADDRESS_FAILURES_PER_MINUTE: '3' })
    const ana = await market.person('client')
    expect(await refusedWith({ token: 'nonsense' })).toMatchObject({ code: 'UNAUTHENTICATED' })
    const wrong = () => market.http(`/api/users/presence/${ana.id}`, { headers: { authorization: 'Bearer nonsense' } })
    for (let n = 0; n < 3; n += 1) expect((await wrong()).status).toBe(401)
    const refused = await market.http(`/api/users/presence/${ana.id}`, { as: ana })
    expect(refused).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', retryable: true } })
    expect((await handshake()).status).toBe(429)
    // What needs no token is answered as ever.
    expect((await market.http('/api/providers')).status).toBe(200)
  })

  test('the auth of a handshake has a size', async () => {
    await open()
    const { token } = await market.person('client')
    expect(await refusedWith({ token, device_id: 'x'.repeat(20_000) })).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      retryable: false,
    })
  })

  test('a connection without a user ends by itself, whether it says nothing or what leads nowhere', async () => {
    await open({ PRESENCE_HANDSHAKE_TIMEOUT_MS: '300' })
    const silent = await rawSocket()
    const lost = await rawSocket()
    lost.on('message', () => lost.send('40/elsewhere,'))
    await Promise.all([ended(silent), ended(lost)])
  })

  test('a connection that was refused, or left, does not stay on the line', async () => {
    await open({ PRESENCE_HANDSHAKE_TIMEOUT_MS: '300' })
    const refused = await rawSocket()
    refused.once('message', () => refused.send('40{"token":"nonsense"}'))
    await ended(refused)
    const { token } = await market.person('client')
    const left = await rawSocket()
    left.once('message', () => left.send(`40${JSON.stringify({ token })}`))
    left.on('message', (data: Buffer) => data.toString().startsWith('40') && left.send('41'))
    await ended(left)
    expect(market.server.io.engine.clientsCount).toBe(0)
  })

  test('whoever joins and leaves over and over leaves nothing behind on the line', async () => {
    await open()
    const warnings: string[] = []
    const note = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', note)
    const { token } = await market.person('client')
    const socket = await rawSocket()
    const heard = (start: string): Promise<void> =>
      new Promise((resolve) => {
        const onMessage = (data: Buffer): void => {
          if (!data.toString().startsWith(start)) return
          socket.off('message', onMessage)
          resolve()
        }
        socket.on('message', onMessage)
      })
    await heard('0')
    for (let n = 0; n < 12; n += 1) {
      const joined = heard('40')
      socket.send(`40${JSON.stringify({ token })}`)
      await joined
      socket.send('41')
      // Before this is answered, the goodbye was handled.
      await market.http('/healthz')
    }
    process.off('warning', note)
    expect(warnings).toEqual([])
    socket.close()
  })

  test('a poll is a packet: who polls in a loop is refused', async () => {
    await open({ PRESENCE_PACKETS_PER_SECOND: '1', PRESENCE_PACKETS_BURST: '5' })
    const { sid } = JSON.parse(String((await handshake()).body).slice(1)) as { sid: string }
    const polls = Array.from({ length: 12 }, () =>
      handshake(`EIO=4&transport=polling&sid=${sid}`, {
        method: 'POST',
        body: '3',
        headers: { 'content-type': 'text/plain' },
      }),
    )
    expect((await Promise.all(polls)).map(({ status }) => status)).toContain(429)
  })
})

describe('R53 requests', () => {
  test('headers that do not end, and requests that do not, are given up', async () => {
    await open({ PRESENCE_HANDSHAKE_TIMEOUT_MS: '300', PRESENCE_REQUEST_TIMEOUT_MS: '600' })
    expect(await speak('GET / HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1\.1 408 .*"code":"TOO_SLOW"/s)
    const body =
      'PATCH /api/users/presence/status HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{'
    expect(await speak(body)).toMatch(/HTTP\/1\.1 (401|408)/)
    // Whoever connects and says nothing at all.
    await speak('')
  })

  test('an address or headers that are too long are refused with a sentence', async () => {
    await open()
    const long = await speak(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(long).toMatch(/^HTTP\/1\.1 431 .*"code":"PAYLOAD_TOO_LARGE"/s)
    expect(await speak('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"code":"INVALID_PAYLOAD"/s)
  })
})

test('R53 without limits nothing of this is refused', async () => {
  await open({
    PRESENCE_RATE_LIMIT: 'off',
    PRESENCE_CONNECTS_PER_MINUTE: '1',
    PRESENCE_ADDRESS_CONNECTS_PER_MINUTE: '1',
    PRESENCE_ADDRESS_REQUESTS_PER_SECOND: '1',
    PRESENCE_ADDRESS_REQUESTS_BURST: '1',
    PRESENCE_DECISIONS_PER_MINUTE: '1',
    PRESENCE_SEARCHES_PER_MINUTE: '1',
    PRESENCE_ADDRESS_FAILURES_PER_MINUTE: '1',
  })
  const ana: Person = await market.person('client')
  for (let n = 0; n < 3; n += 1) {
    const client = await market.connect(ana)
    expect(await client.ask('setStatus', { status: 'away' })).toMatchObject({ ok: true })
    expect((await market.http('/api/providers')).status).toBe(200)
    expect(await refusedWith({ token: 'nonsense' })).toMatchObject({ code: 'UNAUTHENTICATED' })
  }
})

test('R53 pages connect from their own origin, and from those that are named', async () => {
  await open({ CORS_ORIGIN: 'https://other.example, https://shop.example' })
  const expected: [origin: string | undefined, status: number][] = [
    // No browser says nothing.
    [undefined, 200],
    [market.url, 200],
    ['https://shop.example', 200],
    ['https://evil.example', 403],
    ['http://127.0.0.1:1', 403],
    ['null', 403],
  ]
  for (const [origin, status] of expected) {
    const headers: Record<string, string> = origin === undefined ? {} : { origin }
    const answer = await handshake(undefined, { headers })
    expect(answer.status, origin).toBe(status)
    if (status === 403) expect(answer.body).toMatchObject({ code: 'FORBIDDEN', retryable: false })
    const socket = await rawSocket(headers)
    const outcome = await new Promise<number>((resolve) => {
      socket.once('open', () => resolve(200))
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    })
    expect(outcome, origin).toBe(status)
    socket.terminate()
  }
})
