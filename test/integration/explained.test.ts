import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTokens } from '../../src/gateway/token.ts'
import type { PresenceExplanation } from '../../src/protocol/operator.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { type Answer, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const OPS_TOKEN = 'operations of this test'
const MINUTE = 60_000

let database: TestDatabase
/** Between the process and PostgreSQL. */
let way: CuttableProxy
let market: Marketplace
let offset = 0
let people = 0

beforeAll(async () => {
  database = await createTestDatabase({ marketplace: true })
  way = await startCuttableProxy(Number(new URL(database.url).port))
  const url = new URL(database.url)
  url.port = String(way.port)
  const env = {
    OPS_TOKEN,
    LOG_LEVEL: 'silent',
    PRESENCE_DATABASE_TIMEOUT_MS: '1000',
    PRESENCE_BREAKER_COOLDOWN_MS: '100',
  }
  const world = { database: { ...database, url: url.href }, clock: () => Date.now() + offset }
  market = await startMarketplace({ ...env, PRESENCE_RECONCILE_MS: '600000', PRESENCE_GRACE_MS: '60000' }, world)
})
afterAll(async () => {
  await market.stop()
  await way.stop()
  await database.drop()
})

const somebody = (): Promise<Person> => market.person('provider', (people += 1))
const asOperator = { headers: { authorization: `Bearer ${OPS_TOKEN}` } }
const ask = (path: string): Promise<Answer> => market.http(path, asOperator)

/** What the operator page says of somebody, as soon as nothing is on its way to PostgreSQL. */
async function explained({ id }: Pick<Person, 'id'>, viewer?: Person): Promise<PresenceExplanation> {
  const { body } = await eventually(
    () => ask(`/ops/users/${id}${viewer ? `?viewer=${viewer.id}` : ''}`),
    (answer) => answer.status !== 200 || !rulesOf(answer.body).includes('NOT_PROJECTED'),
  )
  return body
}
const rulesOf = ({ notes }: PresenceExplanation): string[] => notes.map(({ rule }) => rule)
const noteOf = ({ notes }: PresenceExplanation, rule: string): string | undefined =>
  notes.find((note) => note.rule === rule)?.sentence

const patch = (as: Person, part: 'status' | 'settings', json: unknown): Promise<Answer> =>
  market.http(`/api/users/presence/${part}`, { method: 'PATCH', as, json })

describe('a surprising status is explained without reading logs', () => {
  test('R10 1: somebody was never here, and an id is nobody’s', async () => {
    const ada = await somebody()
    await database.sequelize.query('update users set last_activity = null where id = $1', { bind: [ada.id] })
    await database.sequelize.query('delete from porchlight_presence where user_id = $1', { bind: [ada.id] })
    expect(await explained(ada)).toMatchObject({
      status: 'offline',
      cause: { rule: 'NEVER_HERE' },
      notes: [],
      sessions: [],
    })
    const nobody = await explained({ id: '00000000-0000-4000-8000-000000000000' })
    expect(nobody).toMatchObject({ status: null, cause: { rule: 'NO_SUCH_USER' }, views: null, choice: null })
  })

  test('R13 2: offline although they say that they are there: their last session ended', async () => {
    const ada = await somebody()
    const phone = await market.connect(ada)
    expect(await explained(ada)).toMatchObject({ status: 'online', cause: { rule: 'ACTIVE' }, notes: [] })
    phone.leave()
    await market.untilConnections(0)
    const { status, cause, views } = await explained(ada)
    expect([status, cause.rule]).toEqual(['offline', 'LEFT'])
    expect(cause.sentence).toMatch(/^Offline since \d\d:\d\d:\d\d UTC, just now: the last session ended then/)
    expect(views?.stranger.online_status).toBe('offline')
  })

  test('R3 3: online although the lid is closed: the connection is in its grace', async () => {
    const ada = await somebody()
    const phone = await market.connect(ada, { device_id: 'laptop' })
    phone.cut()
    await market.untilConnections(0)
    const { status, cause, sessions } = await explained(ada)
    expect([status, cause.rule]).toEqual(['online', 'IN_GRACE'])
    expect(cause.sentence).toMatch(
      /Lost without a goodbye at .* It counts until \d\d:\d\d:\d\d UTC, unless the device is back/,
    )
    expect(sessions).toMatchObject([{ state: 'grace', node_id: null, device_type: 'web' }])
  })

  test('R10 R12 4: away although a tab is open: nobody used it', async () => {
    const ada = await somebody()
    const tab = await market.connect(ada)
    offset += 6 * MINUTE
    await tab.hears('selfPresence', { online_status: 'away' })
    const { status, cause, sessions } = await explained(ada)
    expect([status, cause.rule]).toEqual(['away', 'IDLE'])
    expect(cause.sentence).toMatch(
      /^Away since .*, 1 minute ago: their one session had no sign of use for 5 minutes then/,
    )
    expect(sessions).toMatchObject([
      { state: 'idle', sentence: expect.stringMatching(/^Idle: no sign of use for 6 minutes/) },
    ])
    tab.leave()
  })

  test('R10 R11 5: do not disturb although they are typing: they chose it, until when', async () => {
    const ada = await somebody()
    const tab = await market.connect(ada)
    await patch(ada, 'status', { status: 'dnd', message: 'on a roof', expires_in: 1_800 })
    const { status, cause, choice } = await explained(ada)
    expect([status, cause.rule]).toEqual(['dnd', 'CHOSEN'])
    expect(cause.sentence).toMatch(
      /^Shown as dnd, which they chose at .*, just now, until .* UTC. It wins over activity.$/,
    )
    expect(choice).toMatchObject({ status: 'dnd', message: 'on a roof', expires_at: expect.any(String) })
    tab.leave()
  })

  test('R10 6: offline although they chose to be away: a choice is shown to nobody while they are not here', async () => {
    const ada = await somebody()
    const tab = await market.connect(ada)
    await patch(ada, 'status', { status: 'away' })
    tab.leave()
    await market.untilConnections(0)
    const explanation = await explained(ada)
    expect(explanation).toMatchObject({ status: 'offline', cause: { rule: 'LEFT' } })
    expect(noteOf(explanation, 'CHOICE_WAITS')).toBe(
      'They chose away: it is shown when they are here, not while they are offline.',
    )
  })

  test('R30 7: online, yet offline to everybody else: they hide', async () => {
    const [ada, viewer] = [await somebody(), await somebody()]
    const tab = await market.connect(ada)
    await patch(ada, 'settings', { show_online_status: false })
    const explanation = await explained(ada, viewer)
    expect(explanation).toMatchObject({
      status: 'online',
      views: { own: { online_status: 'online' }, stranger: { online_status: 'offline', last_seen: null } },
      viewer: { audience: 'stranger', presence: { online_status: 'offline', show_status: true } },
      visibility: { show_online_status: false, decided_at: expect.any(String) },
    })
    expect(noteOf(explanation, 'HIDDEN')).toMatch(/^Everybody else is shown somebody who is offline .*they hide, since/)
    tab.leave()
  })

  test('R36 R37 8: online to some and offline to one: levels, and a block', async () => {
    const [ada, ben] = [await somebody(), await somebody()]
    const tab = await market.connect(ada)
    await patch(ada, 'settings', { status_audience: 'contacts' })
    await market.http(`/api/users/presence/blocks/${ben.id}`, { method: 'PUT', as: ada })
    const explanation = await explained(ada, ben)
    expect(noteOf(explanation, 'LEVELS')).toMatch(
      /^Their status is for contacts alone, their last seen for everyone, since/,
    )
    expect(noteOf(explanation, 'BLOCKS')).toBe('They block one viewer, who is shown somebody who is offline.')
    expect(explanation.viewer).toMatchObject({
      user_id: ben.id,
      audience: 'nobody',
      presence: { online_status: 'offline' },
    })
    expect(explanation.viewer?.sentence).toMatch(/^They are blocked since .*, just now/)
    expect(explanation.views).toMatchObject({
      contact: { online_status: 'online' },
      stranger: { online_status: 'offline' },
    })
    tab.leave()
  })

  test('R61 9: cannot come online: banned; offline a moment ago: signed out by somebody', async () => {
    const [ada, ben] = [await somebody(), await somebody()]
    await market.connect(ada)
    await market.connect(ben)
    await market.server.presence.service.ban(ada.id)
    await market.server.presence.service.signOutEverywhere(ben.id, { revokeTokens: true })
    expect(await explained(ada)).toMatchObject({ status: 'offline', cause: { rule: 'BANNED' }, sessions: [] })
    const signedOut = await explained(ben)
    expect(signedOut.cause).toMatchObject({
      rule: 'SIGNED_OUT',
      sentence: expect.stringContaining('because it was signed out'),
    })
    expect(rulesOf(signedOut)).toContain('TOKENS_REVOKED')
  })

  test('R20 10: lists show something older: PostgreSQL does not take what is live', async () => {
    const ada = await somebody()
    await database.sequelize.query(`
      create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'no space left'; end $$`)
    await database.sequelize.query(
      'create trigger full_disk before insert or update on porchlight_presence for each row execute function full_disk()',
    )
    const tab = await market.connect(ada)
    const { body } = await ask(`/ops/users/${ada.id}`)
    expect(body).toMatchObject({ status: 'online', cause: { rule: 'ACTIVE', is_trouble: false } })
    expect(noteOf(body, 'NOT_PROJECTED')).toMatch(/^Changed at .*, just now, and PostgreSQL still has them as offline/)
    await database.sequelize.query('drop trigger full_disk on porchlight_presence')
    expect(rulesOf(await explained(ada))).toEqual([])
    tab.leave()
  })

  test('R32 R50 11: hidden but not stored, while PostgreSQL is away: all that is known is still told', async () => {
    const ada = await somebody()
    const tab = await market.connect(ada)
    await explained(ada)
    way.cut()
    expect((await patch(ada, 'settings', { show_online_status: false })).status).toBe(503)
    const { body } = await ask(`/ops/users/${ada.id}`)
    expect(body).toMatchObject({ status: 'online', cause: { rule: 'ACTIVE' } })
    expect(rulesOf(body)).toEqual(['HIDDEN', 'NOT_STORED', 'POSTGRES_UNKNOWN'])
    const unknown = await ask(`/ops/users/${(await cold()).id}`)
    expect(unknown.body).toMatchObject({ status: 'unknown', cause: { rule: 'NOBODY_ANSWERS', is_trouble: true } })
    await eventually(
      async () => (await ask('/ops/data')).body.degraded.map(({ part }: { part: string }) => part),
      (parts) => parts.includes('postgres') && parts.includes('decisions'),
    )
    way.mend()
    await eventually(
      () => ask(`/ops/users/${ada.id}`),
      (answer) => rulesOf(answer.body).join() === 'HIDDEN',
    )
    tab.leave()
  })

  /** Somebody whom the process has never heard of. */
  const cold = async (): Promise<{ id: string }> => ({ id: '00000000-0000-4000-8000-00000000c01d' })

  test('R34 12: shown although the host’s own column says no: other hands than ours wrote it', async () => {
    const ada = await somebody()
    const tab = await market.connect(ada)
    await explained(ada)
    await database.sequelize.query('update users set show_online_status = false where id = $1', { bind: [ada.id] })
    const explanation = await explained(ada)
    expect(explanation.views?.stranger.online_status).toBe('online')
    expect(noteOf(explanation, 'COLUMN_DIFFERS')).toMatch(/^The host's column show_online_status is off/)
    tab.leave()
  })

  test('R61 13: online although the host has no such user any more', async () => {
    const ada = await somebody()
    const tab = await market.connect(ada)
    await explained(ada)
    await database.sequelize.query('delete from users where id = $1', { bind: [ada.id] })
    const before = await explained(ada)
    expect([before.status, rulesOf(before)]).toEqual(['online', ['ROW_GONE']])
    await market.server.presence.service.userDeleted(ada.id)
    expect(await explained(ada)).toMatchObject({ status: null, cause: { rule: 'DELETED' }, notes: [] })
    tab.leave()
  })
})

describe('what operators are told', () => {
  test('R35 is for them alone, and kept by nobody', async () => {
    const ada = await somebody()
    for (const path of ['/ops/data', `/ops/users/${ada.id}`]) {
      expect(await market.http(path)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
      expect(await market.http(path, { as: ada })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
      const wrong = { headers: { authorization: `Bearer ${OPS_TOKEN}x` } }
      expect(await market.http(path, wrong)).toMatchObject({ status: 401 })
      const { status, headers } = await ask(path)
      expect([status, headers.get('cache-control')]).toEqual([200, 'private, no-store'])
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    }
    const tokens = createTokens({ secret: 'secret of this test' })
    const claiming = async (role: string) => ({ ...ada, token: (await tokens.sign?.(ada.id, { role })) ?? '' })
    for (const path of ['/ops/data', `/ops/users/${ada.id}`, '/metrics']) {
      expect((await market.http(path, { as: await claiming('operator') })).status).toBe(200)
      expect((await market.http(path, { as: await claiming('staff') })).status).toBe(403)
    }
    expect((await market.http('/metrics', { as: ada })).status).toBe(403)
    expect((await ask('/metrics')).status).toBe(200)
  })

  test('R52 is refused for what is no id, and is the same whatever else is asked', async () => {
    expect(await ask('/ops/users/ada')).toMatchObject({ status: 400, body: { code: 'INVALID_ID' } })
    expect(await ask(`/ops/users/${(await somebody()).id}?viewer=ben`)).toMatchObject({ status: 400 })
    expect((await ask('/ops/data?known=,,@,x@y,n@1,')).status).toBe(200)
    expect(await ask(`/ops/data?known=${'n'.repeat(6_000)}`)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_QUERY' },
    })
  })

  test('R35 tells no address and no device of a session beyond what is needed', async () => {
    const ada = await somebody()
    const tab = await market.connect(ada)
    const [session] = (await explained(ada)).sessions
    expect(session).toMatchObject({ network: '127.0.0.0/24', device_name: null })
    expect(session).not.toHaveProperty('user_agent')
    expect(session).not.toHaveProperty('ip_address')
    tab.leave()
  })

  test('looking again is the same look, with the same receipt', async () => {
    const ada = await somebody()
    const receipts = [await explained(ada), await explained(ada)].map(({ receipt }) => receipt)
    expect(receipts[0]).toMatch(/^[\w-]{43}$/)
    expect(receipts[1]).toBe(receipts[0])
  })

  test('comes as samples of this process, of which only newer ones are sent again', async () => {
    const first = await eventually(
      () => ask('/ops/data'),
      ({ body }) => body.samples.length > 1,
    )
    const { node_id, samples, nodes, is_shared } = first.body
    expect(is_shared).toBe(false)
    expect(nodes).toMatchObject([{ node_id, is_own: true, state: 'live', lease_until: null }])
    expect(samples[0]).toEqual({
      at: expect.any(String),
      users: expect.any(Number),
      sessions: expect.any(Number),
      transitions_per_s: expect.any(Number),
      deliveries_per_s: expect.any(Number),
      delay_p50_ms: expect.toSatisfy(isNumberOrNull),
      delay_p99_ms: expect.toSatisfy(isNumberOrNull),
      projection_lag_ms: expect.any(Number),
    })
    const known = `${node_id}@${Date.parse(samples.at(-1).at)}`
    const newer = await eventually(
      () => ask(`/ops/data?known=${known}`),
      ({ body }) => body.samples.length > 0,
    )
    expect(Date.parse(newer.body.samples[0].at)).toBeGreaterThan(Date.parse(samples.at(-1).at))
  })

  const isNumberOrNull = (value: unknown): boolean => value === null || typeof value === 'number'
})
