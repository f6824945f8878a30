import { SignJWT } from 'jose'
import { io as connect, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

// Tokens are signed with the settings of `startMarketplace`, and the store's clock is moved past their end.
const SECRET = new TextEncoder().encode('secret of this test')
const HOUR_S = 3_600
const TOLERANCE_S = 2

let market: Marketplace
let marta: Person
let paul: Person
let sockets: Socket[] = []
/** Epoch milliseconds by which the store's clock was moved. */
let moved = 0

beforeAll(async () => {
  market = await startMarketplace({ JWT_CLOCK_TOLERANCE: String(TOLERANCE_S), PRESENCE_RECONCILE_MS: '100' })
  marta = await market.person('provider', 0)
  paul = await market.person('client', 0)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect()
  await market.untilConnections(0)
})
afterAll(() => market.stop())

const nowS = (): number => Math.floor((Date.now() + moved) / 1000)

function advance(ms: number): void {
  moved += ms
  market.advance(ms)
}

/** A token that holds for so many seconds from now, by the store's clock. */
const tokenOf = ({ id }: Person, seconds = HOUR_S, issuedAt = (Date.now() + moved) / 1000): Promise<string> =>
  new SignJWT({ sub: id, exp: nowS() + seconds, iat: issuedAt }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET)

/** A plain client. What it heard of its end is in `heard`. */
interface PlainClient {
  readonly socket: Socket
  readonly heard: (readonly [event: string, payload: unknown])[]
  renew(token: string): Promise<Record<string, unknown>>
  /** Resolves with why the connection is over, in Socket.IO's words. */
  readonly over: Promise<string>
}

/** @param tokens gives the token of each attempt */
async function arrive(tokens: () => Promise<string>, options = { reconnection: false }): Promise<PlainClient> {
  const auth = (give: (auth: object) => void) => void tokens().then((token) => give({ token, device_id: 'one' }))
  const socket = connect(market.url, {
    auth,
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 10,
    ...options,
  })
  sockets.push(socket)
  const heard: PlainClient['heard'][number][] = []
  socket.onAny((event: string, payload: unknown) => void heard.push([event, payload]))
  const over = new Promise<string>((resolve) => socket.once('disconnect', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.once('selfPresence', () => resolve())
    socket.once('connect_error', reject)
    void over.then(reject)
  })
  return {
    socket,
    heard,
    over,
    renew: (token) => socket.timeout(5_000).emitWithAck('renew', { token }) as Promise<Record<string, unknown>>,
  }
}

const closingOf = ({ heard }: PlainClient): unknown => heard.find(([event]) => event === 'closing')?.[1]

describe('a connection and its token', () => {
  test('R60 it stands until its token ends, tolerance included, is told why, and its session waits for it', async () => {
    const client = await arrive(() => tokenOf(marta, 60))
    advance(60_000 + 1_000 * TOLERANCE_S - 1_500)
    expect(await client.renew('not a token')).toMatchObject({ ok: false, error: { code: 'UNAUTHENTICATED' } })
    expect(client.socket.connected).toBe(true)
    advance(2_500)
    expect(await client.over).toBe('transport close')
    expect(closingOf(client)).toMatchObject({ code: 'TOKEN_EXPIRED', reconnect: true })
    expect((await market.http(`/api/users/presence/${marta.id}`, { as: await signedIn(paul) })).body).toMatchObject({
      online_status: 'online',
    })
  })

  test('R60 a plain client that brings another token comes back by itself; one that does not is refused', async () => {
    let token = await tokenOf(marta, 60)
    const client = await arrive(async () => token, { reconnection: true })
    const back = new Promise((resolve) => client.socket.io.once('reconnect', resolve))
    token = await tokenOf(marta, 600)
    advance(63_000)
    await back
    const refused = new Promise<Error>((resolve) => client.socket.once('connect_error', resolve))
    advance(600_000)
    expect(await refused).toMatchObject({ data: { code: 'UNAUTHENTICATED', retryable: false } })
  })

  test('R60 a renewal in place takes it beyond, and nothing else about it changes', async () => {
    const client = await arrive(() => tokenOf(marta, 60))
    const { id } = client.socket
    const next = await tokenOf(marta, 300)
    const reply = await client.renew(next)
    expect(reply).toMatchObject({ ok: true })
    expect(Date.parse(String(reply['expires_at']))).toBeGreaterThan(1_000 * (nowS() + 299))
    advance(200_000)
    expect(await client.renew(await tokenOf(marta, 10))).toMatchObject({ ok: true })
    expect([client.socket.id, client.socket.connected, closingOf(client)]).toEqual([id, true, undefined])
    // The last word counts, also when it is shorter.
    advance(13_000)
    expect(await client.over).toBe('transport close')
  })

  test('R60 R62 with a token of somebody else it is refused and closed for good', async () => {
    const client = await arrive(() => tokenOf(marta))
    expect(await client.renew(await tokenOf(paul))).toMatchObject({ ok: false, error: { code: 'UNAUTHENTICATED' } })
    expect(await client.over).toBe('io server disconnect')
    expect(closingOf(client)).toMatchObject({ code: 'TOKEN_REJECTED', reconnect: false })
  })

  test.each([undefined, {}, { token: 7 }, { token: '' }, 'token'])(
    'R52 a renewal with %j is refused',
    async (payload) => {
      const client = await arrive(() => tokenOf(marta))
      const reply: unknown = await client.socket.timeout(5_000).emitWithAck('renew', payload)
      expect(reply).toMatchObject({ ok: false, error: { code: 'INVALID_PAYLOAD', retryable: false } })
    },
  )

  test('R60 a renewal at the very moment of the end leaves either a connection that goes on, or one that is told', async () => {
    for (let round = 0; round < 20; round += 1) {
      const client = await arrive(() => tokenOf(marta, 60))
      const next = await tokenOf(marta, 600)
      const renewing = client.renew(next).catch(() => ({ ok: false }))
      if (round % 2 === 0) await Promise.resolve()
      advance(62_500)
      const reply = await renewing
      if (reply.ok === true) {
        expect(await client.renew(await tokenOf(marta, 600))).toMatchObject({ ok: true })
        expect(closingOf(client)).toBeUndefined()
      } else {
        expect(await client.over).toBe('transport close')
        expect(closingOf(client)).toMatchObject({ code: 'TOKEN_EXPIRED' })
      }
      client.socket.disconnect()
    }
  })
})

describe('who may be here', () => {
  const service = () => market.server.presence.service

  test('R61 a ban takes somebody away at once, watchers see it, and they come back no more until it is taken back', async () => {
    const watcher = await market.connect(paul)
    await watcher.ask('watch', { users: [marta.id] })
    const client = await arrive(() => tokenOf(marta))
    await watcher.hears('userOnline', { userId: marta.id })
    expect(await service().ban(marta.id)).toBe(1)
    expect(await client.over).toBe('io server disconnect')
    expect(closingOf(client)).toMatchObject({ code: 'BANNED', reconnect: false })
    await watcher.hears('presenceUpdate', { userId: marta.id, status: 'offline', last_seen: null })
    await expect(arrive(() => tokenOf(marta))).rejects.toMatchObject({ data: { code: 'BANNED', retryable: false } })
    const answer = await market.http('/api/users/presence/settings', { as: await signedIn(marta) })
    expect([answer.status, answer.body.code]).toEqual([403, 'BANNED'])
    expect(await service().isAllowed(marta.id)).toBe(false)
    await service().unban(marta.id)
    await arrive(() => tokenOf(marta))
    await watcher.hears('userOnline', { userId: marta.id })
    watcher.leave()
  })

  test('R61 a ban reaches whoever is in grace, and whoever is just coming', async () => {
    const watcher = await market.connect(paul)
    await watcher.ask('watch', { users: [marta.id] })
    const lost = await arrive(() => tokenOf(marta))
    await watcher.hears('userOnline', { userId: marta.id })
    watcher.forget()
    lost.socket.io.engine.close()
    await market.untilConnections(1)
    const coming = Array.from({ length: 5 }, () => arrive(() => tokenOf(marta)).catch(() => null))
    await service().ban(marta.id)
    const came = await Promise.all(coming)
    await watcher.hears('userOffline', { userId: marta.id })
    for (const client of came) if (client) await client.over
    await market.untilConnections(1)
    expect(watcher.heard.findLast(([event]) => event === 'presenceUpdate')?.[1]).toMatchObject({ status: 'offline' })
    await service().unban(marta.id)
    watcher.leave()
  })

  test('R61 tokens of before a sign-out everywhere are refused when the host says so, on all ways in; new ones are not', async () => {
    const old = await tokenOf(marta)
    const client = await arrive(async () => old)
    expect(await service().signOutEverywhere(marta.id)).toBe(1)
    await client.over
    const again = await arrive(async () => old)
    expect(await service().signOutEverywhere(marta.id, { revokeTokens: true })).toBe(1)
    await again.over
    expect(closingOf(again)).toMatchObject({ code: 'SIGNED_OUT', reconnect: false })
    const fresh = await tokenOf(marta)
    await expect(arrive(async () => old)).rejects.toMatchObject({ data: { code: 'UNAUTHENTICATED' } })
    const answer = await market.http('/api/users/presence/settings', { as: { ...marta, token: old } })
    expect(answer.status).toBe(401)
    const back = await arrive(async () => fresh)
    expect(await back.renew(old)).toMatchObject({ ok: false, error: { code: 'UNAUTHENTICATED' } })
    expect(back.socket.connected).toBe(true)
  })

  test('R61 a deleted user is like one who never was; the host says so, or it is found out', async () => {
    const [told, found] = [await market.person('provider', 7), await market.person('provider', 8)]
    const watcher = await market.connect(paul)
    await watcher.ask('watch', { users: [told.id, found.id] })
    const clients = [await arrive(() => tokenOf(told)), await arrive(() => tokenOf(found))]
    await watcher.hears('userOnline', { userId: found.id })
    for (const { id } of [told, found]) {
      await market.database.sequelize.query('delete from users where id = $1', { bind: [id] })
      if (id === told.id) expect(await service().userDeleted(id)).toBe(1)
    }
    for (const [i, client] of clients.entries()) {
      expect(await client.over).toBe('io server disconnect')
      expect(closingOf(client)).toMatchObject({ code: 'USER_DELETED', reconnect: false })
      const { id } = i === 0 ? told : found
      await watcher.hears('presenceUpdate', { userId: id, status: 'offline', last_seen: null })
      const asked = await market.http(`/api/users/presence/${id}`, { as: await signedIn(paul) })
      const never = await market.http(`/api/users/presence/${NOBODY}`, { as: await signedIn(paul) })
      expect([asked.status, asked.body]).toEqual([404, never.body])
    }
    const own = await market.http('/api/users/presence/settings', { as: await signedIn(told) })
    expect([own.status, own.body.code]).toEqual([401, 'UNAUTHENTICATED'])
    await expect(arrive(() => tokenOf(found))).rejects.toMatchObject({ data: { code: 'UNAUTHENTICATED' } })
    watcher.leave()
  })

  test('R61 a ban outlives the system', async () => {
    await service().ban(marta.id)
    const clock = () => Date.now() + moved
    await market.server.stop()
    market = await startMarketplace({ PRESENCE_RECONCILE_MS: '100' }, { database: market.database, clock })
    await expect(arrive(() => tokenOf(marta))).rejects.toMatchObject({ data: { code: 'BANNED' } })
    await service().unban(marta.id)
    await arrive(() => tokenOf(marta))
  })
})

const NOBODY = '00000000-0000-4000-8000-000000000000'
const signedIn = async (person: Person): Promise<Person> => ({ ...person, token: await tokenOf(person) })
