import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import express from 'express'
import { DataTypes, type Model } from 'sequelize'
import { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPresence, integerIds, type Presence } from '../../src/index.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const EXAMPLE = join(ROOT, 'examples/authentication/host.js')

test('docs/authentication.md shows the host of the example as it is', async () => {
  const page = await readFile(join(ROOT, 'docs/authentication.md'), 'utf8')
  const shown = /<!-- examples\/authentication\/host\.js -->\n\n```js\n([\s\S]*?)```/.exec(page)?.[1]
  expect(shown).toBe(await readFile(EXAMPLE, 'utf8'))
})

describe('a host that signs its own tokens', () => {
  let host: Host
  const sockets: Socket[] = []

  beforeAll(async () => {
    host = await startHost()
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect()
  })
  afterAll(() => host.stop())

  /** A client that comes back by itself, with whatever token it is given. */
  async function arrive(token: () => string): Promise<{ socket: Socket; closing: Promise<unknown> }> {
    const auth = (give: (auth: object) => void) => give({ token: token() })
    const socket = connect(host.url, { auth, transports: ['websocket'], forceNew: true, reconnectionDelay: 10 })
    sockets.push(socket)
    const closing = new Promise((done) => socket.once('closing', done))
    await new Promise<void>((done, failed) => {
      socket.once('selfPresence', () => done())
      socket.once('connect_error', failed)
    })
    return { socket, closing }
  }
  const send = (method: string, path: string, headers: Record<string, string>) =>
    fetch(host.url + path, { method, headers })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  test('R61 its own log-out signs out everywhere, and its next token is the only one that goes on', async () => {
    const before = await host.signToken(1)
    const { closing } = await arrive(() => before)
    const { token } = (await (await send('POST', '/logout-everywhere', bearer(before))).json()) as { token: string }
    expect(await closing).toMatchObject({ code: 'SIGNED_OUT', reconnect: false })
    await expect(arrive(() => before)).rejects.toThrow('not allowed')
    expect((await send('GET', '/api/users/presence/settings', bearer(before))).status).toBe(401)
    expect((await send('POST', '/logout-everywhere', bearer(before))).status).toBe(401)
    const { socket } = await arrive(() => token)
    expect(await socket.emitWithAck('renew', { token: await host.signToken(1) })).toMatchObject({ ok: true })
    expect(await socket.emitWithAck('renew', { token: 'x.y.z' })).toMatchObject({
      ok: false,
      error: { code: 'UNAUTHENTICATED' },
    })
  })

  test('R61 its bans and deletions close connections, and let nobody in', async () => {
    const [two, three] = [await host.signToken(2), await host.signToken(3)]
    const [banned, deleted] = [await arrive(() => two), await arrive(() => three)]
    await send('POST', '/staff/users/2/ban', { 'x-staff': 'yes' })
    expect(await banned.closing).toMatchObject({ code: 'BANNED' })
    await send('DELETE', '/staff/users/3', { 'x-staff': 'yes' })
    expect(await deleted.closing).toMatchObject({ code: 'USER_DELETED' })
    for (const token of [two, three]) await expect(arrive(() => token)).rejects.toThrow('not allowed')
  })

  describe('a connection that Socket.IO recovers past the middlewares', () => {
    /** Loses the connection of a client, and waits for what the server makes of its return. */
    async function recovered(socket: Socket, meanwhile: () => Promise<unknown>): Promise<void> {
      // Whoever has heard nothing has nothing to go on from.
      const heard = new Promise((done) => socket.once('news', done))
      host.io.emit('news', 'of the day')
      await heard
      const lost = new Promise((done) => socket.once('disconnect', done))
      const back = new Promise<void>((done) => {
        host.io.once('connection', (again) => {
          expect(again.recovered).toBe(true)
          done()
        })
      })
      // Not by itself, which might be before that is done.
      socket.io.reconnection(false)
      socket.io.engine.close()
      await lost
      await meanwhile()
      socket.connect()
      await back
    }

    test('R60 R61 goes on with a token that holds', async () => {
      const first = await host.signToken(4)
      const { socket } = await arrive(() => first)
      const own = new Promise((done) => socket.once('selfPresence', done))
      await recovered(socket, async () => {})
      expect(await own).toMatchObject({ userId: '4', online_status: 'online' })
    })

    test('R61 is closed when its user was banned meanwhile', async () => {
      const token = await host.signToken(5)
      const { socket, closing } = await arrive(() => token)
      await recovered(socket, () => host.presence.service.ban('5'))
      expect(await closing).toMatchObject({ code: 'BANNED', reconnect: false })
    })

    test('R60 R61 is closed when its token was revoked, is no token any more, or is of somebody else', async () => {
      const other = await host.signToken(7)
      for (const next of [null, 'x.y.z', other]) {
        let token = await host.signToken(6)
        const { socket, closing } = await arrive(() => token)
        await recovered(socket, async () => {
          if (next === null) await host.presence.service.signOutEverywhere('6', { revokeTokens: true })
          else token = next
        })
        // It has the name of the connection that was signed out, which the news of that may find first.
        const code = next === null ? expect.stringMatching(/^(TOKEN_REJECTED|SIGNED_OUT)$/) : 'TOKEN_REJECTED'
        expect(await closing).toMatchObject({ code, reconnect: false })
        expect((await host.presence.service.getUserPresence('7')).online_status).toBe('offline')
      }
    })
  })
})

interface Host {
  readonly url: string
  readonly io: Server
  readonly presence: Presence
  signToken(userId: number): Promise<string>
  stop(): Promise<void>
}

/** What the example exports; it is written in JavaScript, as hosts may be. */
interface Example extends Pick<Host, 'signToken'> {
  verifyToken(token: string): Promise<{ id: string; expiresAt: number; issuedAt: number }>
  identify(from: object): string | null
  addChecks(host: object): void
  addRoutes(host: object): void
}

async function startHost(): Promise<Host> {
  const { signToken, verifyToken, identify, addChecks, addRoutes } = (await import(EXAMPLE)) as Example
  const database: TestDatabase = await createTestDatabase()
  const { sequelize } = database
  const User = sequelize.define<Model>(
    'Member',
    { name: DataTypes.STRING },
    { tableName: 'members', timestamps: false },
  )
  await sequelize.sync()
  await User.bulkCreate(Array.from({ length: 8 }, (_, i) => ({ name: `member ${i}` })))
  const app = express()
  const http = createServer(app)
  const io = new Server(http, { connectionStateRecovery: {} })
  let presence: Presence | null = null
  addChecks({ app, io, presence: () => presence })
  presence = createPresence({ io, sequelize, User, userId: integerIds, identify, verifyToken })
  await presence.migrate()
  await presence.start()
  app.use(presence.router())
  addRoutes({ app, User, presence })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const running = presence
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    io,
    presence,
    signToken,
    stop: async () => {
      await io.close()
      await running.stop()
      await database.drop()
    },
  }
}
