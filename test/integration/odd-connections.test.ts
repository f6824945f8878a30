import { once } from 'node:events'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Server } from 'socket.io'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startTestPresence, type TestPresence, type TestPresenceOptions } from '../../src/testing/index.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { runCli } from '../support/process.ts'

const open: TestPresence[] = []
const start = async (options: TestPresenceOptions = {}): Promise<TestPresence> => {
  const system = await startTestPresence(options)
  open.push(system)
  return system
}
afterEach(async () => {
  for (const system of open.splice(0)) await system.stop()
})

/** A connection that speaks Engine.IO by hand: `40` joins, `41` leaves the namespace. */
async function dial(url: string): Promise<{ socket: WebSocket; hears(beginning: string): Promise<void> }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const textOf = (data: WebSocket.RawData): string => (data as Buffer).toString()
  // Engine.IO's ping and pong.
  socket.on('message', (data) => textOf(data) === '2' && socket.send('3'))
  const hears = (beginning: string) =>
    new Promise<void>((resolve) => {
      socket.on('message', (data) => textOf(data).startsWith(beginning) && resolve())
    })
  await hears('0')
  return { socket, hears }
}

describe('a client that joins twice over one connection', () => {
  test('R52 does not end the server, which has let go of the handshake by then', async () => {
    const database = await createTestDatabase({ marketplace: true })
    const settings = { DEMO: 'on', DEMO_LIFE: 'off', JWT_SECRET: 'secret of this test', LOG_LEVEL: 'warn' }
    const server = runCli(['serve'], { DATABASE_URL: database.url, PORT: '0', HOST: '127.0.0.1', ...settings })
    try {
      const url = (await server.prints(/ready at (http:\S+)/)) ?? ''
      const people = await (await fetch(`${url}/api/demo/users?role=client&limit=1`)).json()
      const login = await fetch(`${url}/api/demo/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: (people as { users: { id: string }[] }).users[0]?.id }),
      })
      const { token } = (await login.json()) as { token: string }
      const { socket, hears } = await dial(url)
      for (let times = 0; times < 2; times += 1) {
        const joined = hears('42["selfPresence"')
        socket.send(`40${JSON.stringify({ token })}`)
        await joined
        socket.send('41')
        // In the same breath Socket.IO would take the next join for a mistake. Answered: the server is still there.
        expect((await fetch(`${url}/healthz`)).status).toBe(200)
      }
      socket.close()
    } finally {
      server.kill('SIGKILL')
      await server.ended
      await database.drop()
    }
  })

  test('R1 R2 leaves no ghost when the connection ends', async () => {
    const io = new Server()
    // As a host that looks its users up: both joins are under way at once.
    io.use((_socket, next) => void setImmediate(next))
    const system = await start({ io })
    const ben = system.addUser()
    const { socket, hears } = await dial(system.url)
    const joined = hears('42["selfPresence"')
    socket.send(`40${JSON.stringify({ token: ben })}`)
    socket.send(`40${JSON.stringify({ token: ben })}`)
    await joined
    await system.clock.advance(0)
    socket.close()
    await once(socket, 'close')
    await system.clock.advance(24 * 3_600_000)
    expect(await system.presenceOf(ben)).toMatchObject({ online_status: 'offline' })
  })
})

test('R52 a server behind a Unix socket serves clients that have no address', async () => {
  const http = createServer()
  const path = join(tmpdir(), `porchlight-${process.pid}.sock`)
  http.listen(path)
  await once(http, 'listening')
  const system = await start({ io: new Server(http) })
  const ben = system.addUser()
  const { socket, hears } = await dial(`ws+unix:${path}:`)
  const greeted = hears('42["selfPresence"')
  socket.send(`40${JSON.stringify({ token: ben })}`)
  await greeted
  expect(await system.presenceOf(ben)).toMatchObject({ online_status: 'online' })
  socket.close()
})

describe('broadcastPresence', () => {
  test('R7 R14 tells nothing older than what was told, when a host calls it while somebody connects', async () => {
    const system = await start()
    const ben = system.addUser()
    const watcher = await system.connect(system.addUser())
    await watcher.watch(ben)
    await watcher.take()
    system.io.on('connection', () => void system.presence.broadcastPresence(ben))
    await system.connect(ben)
    const versions = updatesIn(await watcher.take()).map(({ version }) => BigInt(version))
    expect(versions.length).toBeGreaterThan(0)
    expect(versions.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(versions)
  })

  test('R32 never tells what was hidden meanwhile, at whatever moment it is called', async () => {
    for (let turns = 0; turns < 25; turns += 1) {
      const system = await startTestPresence()
      const ben = system.addUser()
      const watcher = await system.connect(system.addUser())
      await system.connect(ben)
      await watcher.watch(ben)
      await watcher.take()
      const hiding = system.presence.verbs.changeSettings(ben, { visible: false })
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      await Promise.all([hiding, system.presence.broadcastPresence(ben)])
      const last = updatesIn(await watcher.take()).at(-1)
      await system.stop()
      expect(last?.status, `called after ${turns} turns`).toBe('offline')
    }
  })
})

test('R42 where everyone hears, what waits is superseded although the last who watched has left', async () => {
  const system = await start({ audience: 'everyone', options: { mergeMs: 10_000 } })
  const ben = system.addUser()
  const busy = await system.connect(system.addUser(), { format: 'diff' })
  const watcher = await system.connect(system.addUser())
  await watcher.watch(ben)
  const phone = await system.connect(ben)
  await busy.take()
  await phone.setStatus({ status: 'dnd', message: 'at the clinic' })
  await watcher.leave()
  await system.presence.verbs.changeSettings(ben, { visible: false })
  const told = (await busy.take()).flatMap(([event, payload]) =>
    event === 'presenceDiff' ? (payload as { changed: Update[] }).changed.filter(({ userId }) => userId === ben) : [],
  )
  expect(told.map(({ status }) => status)).toEqual(['offline'])
})

interface Update {
  readonly userId: string
  readonly status: string
  readonly version: string
}

const updatesIn = (heard: readonly (readonly [string, ...unknown[]])[]): Update[] =>
  heard.flatMap(([event, payload]) => (event === 'presenceUpdate' ? [payload as Update] : []))
