import { randomUUID } from 'node:crypto'
import { io as connect } from 'socket.io-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

/** What the rule allows: a message from node to node, or a look into PostgreSQL each second. */
const SOON_MS = 2_000

let redis: TestRedis
let database: TestDatabase
let a: Marketplace
let b: Marketplace
let world: { database: TestDatabase; clock: () => number }
let env: Record<string, string>

beforeEach(async () => {
  redis = await startRedis()
  database = await createTestDatabase({ marketplace: true })
  world = { database, clock: Date.now }
  env = {
    REDIS_URL: redis.url,
    PRESENCE_REDIS_PREFIX: `test-${randomUUID()}`,
    PRESENCE_RECONCILE_MS: '500',
    PRESENCE_BREAKER_COOLDOWN_MS: '100',
    LOG_LEVEL: 'silent',
  }
  a = await startMarketplace(env, world)
  b = await startMarketplace(env, world)
})
afterEach(async () => {
  await redis.kill('SIGCONT')
  await Promise.all([a, b].map((node) => node.stop()))
  await redis.stop()
  await database.drop()
})

const service = (node: Marketplace) => node.server.presence.service

/** Resolves with how a connection ended, and the server's last word. */
async function endOf({ socket, hears }: Client): Promise<{ reason: string; word: Record<string, unknown> }> {
  const reason = await new Promise<string>((done) => {
    if (socket.connected) socket.once('disconnect', done)
    else done('before')
  })
  return { reason, word: await hears('closing') }
}

/** Comes, and resolves once it is known what becomes of that: a session, or none. */
function attempt({ url }: Marketplace, { token }: Person): Promise<void> {
  const socket = connect(url, { auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false })
  return new Promise((done) => {
    for (const event of ['selfPresence', 'connect_error', 'disconnect']) socket.once(event, () => done())
  })
}

async function watcherOf(node: Marketplace, ...people: Person[]): Promise<Client> {
  const watcher = await node.connect(await node.person('client', 0))
  await watcher.ask('watch', { users: people.map(({ id }) => id) })
  return watcher
}

test('R61 a ban on one node is one on all, in connections and requests, with what watchers see, and after a restart', async () => {
  const ada = await a.person('provider', 1)
  const watcher = await watcherOf(b, ada)
  const clients = [await a.connect(ada, { device_id: 'a' }), await b.connect(ada, { device_id: 'b' })]
  await watcher.hears('userOnline', { userId: ada.id })
  const ends = clients.map(endOf)
  const began = performance.now()
  expect(await service(a).ban(ada.id)).toBe(2)
  for (const { word } of await Promise.all(ends)) expect(word).toMatchObject({ code: 'BANNED', reconnect: false })
  await watcher.hears('presenceUpdate', { userId: ada.id, status: 'offline', last_seen: null })
  expect(performance.now() - began).toBeLessThan(SOON_MS)
  for (const node of [a, b]) {
    await expect(node.connect(ada)).rejects.toMatchObject({ data: { code: 'BANNED' } })
    expect((await node.http('/api/users/presence/settings', { as: ada })).body.code).toBe('BANNED')
  }
  await b.stop()
  b = await startMarketplace(env, world)
  await expect(b.connect(ada)).rejects.toMatchObject({ data: { code: 'BANNED' } })
  await service(b).unban(ada.id)
  await eventually(
    () => service(a).isAllowed(ada.id),
    (allowed) => allowed,
  )
  await a.connect(ada)
})

test('R61 a request that was let in a moment ago is refused on another node once the tokens are revoked', async () => {
  const ada = await a.person('provider', 1)
  const settings = () => b.http('/api/users/presence/settings', { as: ada })
  expect((await settings()).status).toBe(200)
  await service(a).signOutEverywhere(ada.id, { revokeTokens: true })
  const began = performance.now()
  await eventually(settings, ({ status }) => status === 401)
  expect(performance.now() - began).toBeLessThan(SOON_MS)
})

test('R61 a connection that is made while its user is banned on another node does not stand', async () => {
  for (let round = 0; round < 5; round += 1) {
    const ada = await a.person('provider', 2 + round)
    const coming = Array.from({ length: 4 }, (_, i) => attempt(i % 2 === 0 ? a : b, ada))
    await service(round % 2 === 0 ? a : b).ban(ada.id)
    await Promise.all(coming)
    await a.untilConnections(0)
    await b.untilConnections(0)
    const { body } = await a.http(`/api/users/presence/${ada.id}`, { as: await a.person('client', 0) })
    expect(body).toMatchObject({ online_status: 'offline', last_seen: null })
  }
})

test('R61 while Redis is away a ban that one node is told closes connections on all, and holds when it is back', async () => {
  const ada = await a.person('provider', 1)
  const client = await b.connect(ada)
  await redis.kill('SIGKILL')
  const end = endOf(client)
  // The node learns that Redis is away by asking it; then PostgreSQL is the word that counts.
  await service(a).ban(ada.id)
  expect((await end).word).toMatchObject({ code: 'BANNED' })
  expect(await service(b).isAllowed(ada.id)).toBe(false)
  await redis.restart()
  await eventually(
    () => b.connect(ada).catch((error: { data?: { code: string } }) => error.data?.code),
    (code) => code === 'BANNED',
  )
})

test('R61 users deleted by plain SQL are found on the node that they are connected to', async () => {
  const ada = await a.person('provider', 1)
  const watcher = await watcherOf(a, ada)
  const client = await b.connect(ada)
  await watcher.hears('userOnline', { userId: ada.id })
  const end = endOf(client)
  await database.sequelize.query('delete from users where id = $1', { bind: [ada.id] })
  expect((await end).word).toMatchObject({ code: 'USER_DELETED' })
  await watcher.hears('presenceUpdate', { userId: ada.id, status: 'offline', last_seen: null })
  for (const node of [a, b]) {
    const { status } = await node.http(`/api/users/presence/${ada.id}`, { as: await a.person('client', 0) })
    expect(status).toBe(404)
  }
})
