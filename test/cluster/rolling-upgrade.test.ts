import { randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { createKeys } from '../../src/store/redis/keys.ts'
import { SCHEMA_VERSION } from '../../src/store/redis/schema.ts'
import { eventually } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Running, runCli } from '../support/process.ts'

const ROOT = join(import.meta.dirname, '../..')
const READY = /ready at (http:\S+)/

let database: TestDatabase
let home: string
let prefix: string
let running: Running[]
let sockets: Socket[]

beforeEach(async () => {
  database = await createTestDatabase({ marketplace: true })
  home = mkdtempSync(join(tmpdir(), 'porchlight-builds-'))
  prefix = `test-${randomUUID()}`
  running = []
  sockets = []
})
afterEach(async () => {
  for (const socket of sockets) socket.disconnect()
  for (const one of running) one.kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  rmSync(home, { recursive: true, force: true })
  await database.drop()
})

/** A build as it may be some day: of a later schema version, which keeps one thing more in each record. */
function buildOf(version: number): string {
  const build = join(home, `v${version}`)
  for (const part of ['src', 'demo/server', 'package.json', 'tsconfig.json', 'tsconfig.base.json']) {
    cpSync(join(ROOT, part), join(build, part), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(build, 'node_modules'))
  edit(join(build, 'src/store/redis/schema.ts'), /SCHEMA_VERSION = \d+/, `SCHEMA_VERSION = ${version}`)
  edit(
    join(build, 'src/store/redis/record-codec.ts'),
    'v: record.version,',
    `...{ x: 'of v${version}' }, v: record.version,`,
  )
  return build
}

function edit(file: string, what: string | RegExp, by: string): void {
  const before = readFileSync(file, 'utf8')
  const after = before.replace(what, by)
  if (after === before) throw new Error(`nothing to edit in ${file}`)
  writeFileSync(file, after)
}

function serve(build?: string, env: Record<string, string> = {}): Running {
  const basics = { DATABASE_URL: database.url, PORT: '0', HOST: '127.0.0.1', JWT_SECRET: 'secret of this test' }
  const shared = { REDIS_URL: inject('redisUrl'), PRESENCE_REDIS_PREFIX: prefix }
  const demo = { DEMO: 'on', DEMO_LIFE: 'off', LOG_LEVEL: 'warn' }
  const node = runCli(['serve'], { ...basics, ...shared, ...demo, ...env }, undefined, build)
  running.push(node)
  return node
}

async function connect(url: string, userId: string): Promise<Socket> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ user_id: userId })
  const { token } = (await (await fetch(`${url}/api/demo/login`, { method: 'POST', headers, body })).json()) as {
    token: string
  }
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false })
  sockets.push(socket)
  await new Promise((resolve) => socket.once('selfPresence', resolve))
  return socket
}

const hears = (socket: Socket, event: string, userId: string): Promise<unknown> =>
  new Promise((resolve) => {
    socket.on(event, (payload: { userId: string }) => {
      if (payload.userId === userId) resolve(payload)
    })
  })

async function peopleAt(url: string): Promise<string[]> {
  const { users } = (await (await fetch(`${url}/api/demo/users?limit=4`)).json()) as { users: { id: string }[] }
  return users.map(({ id }) => id)
}

/** What the store holds of a user, as text. */
async function stored(userId: string): Promise<string> {
  const client = await createClient({ url: inject('redisUrl') }).connect()
  const value = await client.get(createKeys(prefix).record(userId))
  client.destroy()
  return value ?? ''
}

test('R55 nodes of two neighbouring versions work together, and keep what they do not know of each other', {
  timeout: 120_000,
}, async () => {
  // Each brings a record to its own version when it compares.
  const never = { PRESENCE_RECONCILE_MS: '600000' }
  const [old, newer] = [serve(undefined, never), serve(buildOf(SCHEMA_VERSION + 1), never)]
  const [atOld, atNew] = [await old.prints(READY), await newer.prints(READY)]
  const [ada = '', ben = '', viewer = ''] = await peopleAt(atOld)
  const [oldViewer, newViewer] = [await connect(atOld, viewer), await connect(atNew, viewer)]
  for (const socket of [oldViewer, newViewer]) await socket.emitWithAck('watch', { users: [ada, ben] })

  const heard = [hears(oldViewer, 'userOnline', ada), hears(newViewer, 'userOnline', ben)]
  const adaAtNew = await connect(atNew, ada)
  const benAtOld = await connect(atOld, ben)
  await Promise.all(heard)
  expect(await stored(ada)).toMatch(new RegExp(`^${SCHEMA_VERSION + 1} .*"x":"of v${SCHEMA_VERSION + 1}"`))

  // The older build changes what the newer one wrote. That one stands still meanwhile, for less than its lease: a gap in the news makes it
  // compare, too, and then nobody could tell what the older one had left of the record.
  newer.kill('SIGSTOP')
  const adaAtOld = await connect(atOld, ada)
  await adaAtOld.emitWithAck('setStatus', { status: 'dnd' })
  await benAtOld.emitWithAck('setStatus', { status: 'dnd' })
  const [byOld, ownOfOld] = [await stored(ada), await stored(ben)]
  newer.kill('SIGCONT')
  expect(byOld).toMatch(new RegExp(`^${SCHEMA_VERSION} .*"x":"of v${SCHEMA_VERSION + 1}"`))
  expect(ownOfOld).toMatch(new RegExp(`^${SCHEMA_VERSION} `))

  const offline = hears(oldViewer, 'userOffline', ada)
  adaAtNew.disconnect()
  adaAtOld.disconnect()
  await offline
})

test('R55 a version too far away is refused while the other one runs, and starts when it is gone', {
  timeout: 120_000,
}, async () => {
  // The one between brings everybody to its own version as soon as it compares.
  const often = { PRESENCE_RECONCILE_MS: '300' }
  const [old, newer] = [serve(), serve(buildOf(SCHEMA_VERSION + 1), often)]
  const atNew = await newer.prints(READY)
  const atOld = await old.prints(READY)
  const farBuild = buildOf(SCHEMA_VERSION + 2)
  const refused = serve(farBuild)
  expect((await refused.ended).code).toBe(1)
  expect(refused.output()).toContain(`schema version ${SCHEMA_VERSION}, and this one speaks ${SCHEMA_VERSION + 2}`)

  // Somebody whose record the oldest build wrote stays connected to the one between.
  const [ada = '', viewer = ''] = await peopleAt(atOld)
  await connect(atNew, ada)
  const viaOld = await connect(atOld, ada)
  await viaOld.emitWithAck('setStatus', { status: 'away' })
  old.kill('SIGTERM')
  await old.ended
  await eventually(
    () => stored(ada),
    (value) => value.startsWith(`${SCHEMA_VERSION + 1} `),
  )
  const atFar = await serve(farBuild).prints(READY)
  const watching = await connect(atFar, viewer)
  const reply = (await watching.emitWithAck('watch', { users: [ada] })) as { presences: object[] }
  expect(reply.presences).toMatchObject([{ userId: ada, online_status: 'away' }])
})
