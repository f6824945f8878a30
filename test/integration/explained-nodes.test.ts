import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OperatorNode, PresenceExplanation } from '../../src/protocol/operator.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { type Answer, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

const OPS_TOKEN = 'operations of this test'
// Long enough for a busy machine to see what holds for that long.
const LEASE_MS = 6_000
const STALE_AFTER_MS = 4_000
/** Longer than any of these tests takes. */
const LONG_MS = '600000'

let redis: TestRedis
let database: TestDatabase
/** Between Redis and node A. */
let way: CuttableProxy
let a: Marketplace
let b: Marketplace

beforeAll(async () => {
  redis = await startRedis()
  database = await createTestDatabase({ marketplace: true })
  way = await startCuttableProxy(redis.port)
  const world = { database, clock: () => Date.now() }
  const times = { PRESENCE_NODE_LEASE_MS: String(LEASE_MS), PRESENCE_STALE_AFTER_MS: String(STALE_AFTER_MS) }
  const breaker = { PRESENCE_BREAKER_FAILURES: '3', PRESENCE_BREAKER_COOLDOWN_MS: '100' }
  const env = { OPS_TOKEN, LOG_LEVEL: 'silent', ...times, ...breaker }
  a = await startMarketplace({ ...env, REDIS_URL: `redis://127.0.0.1:${way.port}` }, world)
  b = await startMarketplace({ ...env, REDIS_URL: redis.url }, world)
})
afterAll(async () => {
  await Promise.all([a, b].map((node) => node?.stop()))
  await way.stop()
  await redis.stop()
  await database.drop()
})

const ask = (node: Marketplace, path: string): Promise<Answer> =>
  node.http(path, { headers: { authorization: `Bearer ${OPS_TOKEN}` } })

/** What a node says of somebody, once it gives this cause. */
async function explained(node: Marketplace, { id }: Person, rule: string): Promise<PresenceExplanation> {
  const { body } = await eventually(
    () => ask(node, `/ops/users/${id}`),
    (answer) => answer.body.cause?.rule === rule,
  )
  return body
}

const nodesOf = async (node: Marketplace): Promise<OperatorNode[]> => (await ask(node, '/ops/data')).body.nodes

async function inRedis(...args: string[]): Promise<unknown> {
  const client = await createClient({ url: redis.url, RESP: 2 }).connect()
  return client.sendCommand(args).finally(() => client.destroy())
}

describe('among nodes, a stuck status is explained without reading logs', () => {
  test('R5 each node tells of all of them: their leases, their users, and how far behind they are', async () => {
    const ada = await a.person('provider', 1)
    const phone = await a.connect(ada)
    const nodes = await eventually(
      () => nodesOf(b),
      (found) => found.length === 2 && found.some(({ users }) => users === 1),
    )
    const own = nodes.find(({ is_own }) => is_own)
    const other = nodes.find(({ is_own }) => !is_own)
    expect(own).toMatchObject({ state: 'live', users: 0, sessions: 0, projection_lag_ms: expect.any(Number) })
    expect(other).toMatchObject({ state: 'live', users: 1, sessions: 1, schema: own?.schema })
    expect(Date.parse(other?.lease_until ?? '') - Date.parse(other?.lease_renewed_at ?? '')).toBe(LEASE_MS)
    expect((await ask(a, '/ops/data')).body.node_id).toBe(other?.node_id)
    // From any node the same is said of somebody who is connected to one.
    for (const node of [a, b]) {
      expect(await explained(node, ada, 'ACTIVE')).toMatchObject({
        status: 'online',
        sessions: [{ node_id: other?.node_id }],
      })
    }
    phone.leave()
  })

  test('R5 R45 R51 stuck online on a node that is cut off: there it is stale, then unknown; elsewhere its lease is over', async () => {
    const ada = await a.person('provider', 2)
    await a.connect(ada)
    await explained(b, ada, 'ACTIVE')
    // Whoever should look around does not.
    await inRedis('SET', 'porchlight:{nodes}:claims:survey', 'nobody', 'PX', LONG_MS)
    way.hang()
    const stuck = await explained(b, ada, 'NODE_LOST')
    expect(stuck).toMatchObject({ status: 'online', cause: { is_trouble: true }, sessions: [{ state: 'node-lost' }] })
    expect(stuck.cause.sentence).toMatch(
      /because of a session whose node is gone. .*last renewed at \d\d:\d\d:\d\d UTC/,
    )
    const nodes = await nodesOf(b)
    expect(nodes.map(({ state }) => state).toSorted()).toEqual(['live', 'overdue'])

    const stale = await explained(a, ada, 'STORE_LOST')
    expect(stale).toMatchObject({ status: 'online', cause: { is_trouble: true } })
    expect(stale.cause.sentence).toMatch(
      /^Shown as online and marked stale: the live store has not answered for \d+ seconds?/,
    )
    const unknown = await explained(a, ada, 'STORE_UNKNOWN')
    expect(unknown).toMatchObject({ status: 'unknown', cause: { is_trouble: true } })
    const { body } = await ask(a, '/ops/data')
    expect(body).toMatchObject({
      nodes: null,
      degraded: expect.arrayContaining([{ part: 'store', sentence: expect.stringMatching(/^Redis has not/) }]),
    })

    await inRedis('DEL', 'porchlight:{nodes}:claims:survey')
    expect(await explained(b, ada, 'LEFT')).toMatchObject({ status: 'offline', sessions: [] })
    way.mend()
    // Its connection stood all the time.
    expect(await explained(a, ada, 'ACTIVE')).toMatchObject({ status: 'online' })
  }, 120_000)

  test('R23 online without a session: Redis lost everything, and nobody has answered for them yet', async () => {
    const ada = await a.person('provider', 3)
    await a.connect(ada)
    await explained(b, ada, 'ACTIVE')
    await eventually(
      () =>
        database.sequelize.query('select 1 from users where id = $1 and online_status = $2', {
          bind: [ada.id, 'online'],
        }),
      ([rows]) => rows.length === 1,
    )
    // Who holds the connection hears of nothing.
    way.cut()
    await redis.kill('SIGKILL')
    await redis.restart()
    const presumed = await explained(b, ada, 'PRESUMED')
    expect(presumed).toMatchObject({ status: 'online', cause: { is_trouble: true }, sessions: [] })
    expect(presumed.cause.sentence).toMatch(/on PostgreSQL's word|the live store knows no session of theirs/)
    way.mend()
    expect(await explained(b, ada, 'ACTIVE')).toMatchObject({ status: 'online', sessions: [{ state: 'active' }] })
  }, 120_000)
})
