import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { QueryTypes, Sequelize } from 'sequelize'
import type { Socket } from 'socket.io-client'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../demo/server/embedded-postgres.ts'
import { findPostmaster } from '../../demo/server/postmaster.ts'
import { migrateMarketplace } from '../../demo/server/schema.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { type Fleet, FULL, type Node, startFleet } from './fleet.ts'
import { allOf, toldOtherwise, untilAllAgree } from './judge.ts'
import { type Deciding, lostDecisions, startActivity, startDeciding } from './load.ts'
import { startWatcher, type WatcherLog } from './watcher-log.ts'

const OUTAGE_MS = FULL ? 30_000 : 5_000
/** Each of these is away, active and away again once a second. */
const MOVING = 100
const CHANGES_PER_S = 2 * MOVING
const env: Record<string, string> = {
  PRESENCE_IDLE_AFTER_MS: '400',
  ...(!FULL && { PRESENCE_NODE_LEASE_MS: '3000', PRESENCE_GRACE_MS: '2000', PRESENCE_DATABASE_TIMEOUT_MS: '1000' }),
}

let home: string
let postgres: EmbeddedPostgres
let proxy: CuttableProxy
let sequelize: Sequelize
let fleet: Fleet
afterEach(async () => {
  await fleet.stop()
  await sequelize.close()
  await proxy.stop()
  await postgres.stop()
  await rm(home, { recursive: true, force: true })
})

/** A PostgreSQL of its own, on which what was committed stays, and a way to it that can be broken. */
async function startDatabase(): Promise<{ url: string; sequelize: Sequelize }> {
  home = await mkdtemp(join(tmpdir(), 'porchlight-outage-'))
  postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres') })
  const url = new URL(postgres.url)
  proxy = await startCuttableProxy(Number(url.port))
  sequelize = new Sequelize(url.href, { logging: false, pool: { max: 2 } })
  await migrateMarketplace(sequelize)
  url.port = String(proxy.port)
  return { url: url.href, sequelize }
}

/** Ways in which it is away. Each returns how it comes back. */
const WAYS = {
  crashes: async (): Promise<() => Promise<void>> => {
    const dataDir = join(home, 'postgres')
    const port = Number(new URL(postgres.url).port)
    const { pid = 0 } = (await findPostmaster(dataDir)) ?? {}
    // All its processes end at once, and nothing is written any more.
    process.kill(pid, 'SIGQUIT')
    await postgres.stop()
    return async () => {
      postgres = await startEmbeddedPostgres({ dataDir, port })
    }
  },
  hangs: async (): Promise<() => Promise<void>> => {
    proxy.hang()
    return async () => proxy.mend()
  },
}

describe.each(['crashes', 'hangs'] as const)('PostgreSQL %s under 200 changes a second', (way) => {
  test('R20 R21 R32 R50 live presence goes on, and nothing is lost', { timeout: 180_000 }, async () => {
    const database = await startDatabase()
    fleet = await startFleet({ redisUrl: inject('redisUrl'), users: MOVING + 33, env, database })
    const [a, b] = await Promise.all([fleet.start(), fleet.start()])
    const [viewer = '', other = '', hides = '', ...rest] = fleet.users
    const [moving, deciding, leaving, coming] = [
      rest.slice(30),
      rest.slice(0, 10),
      rest.slice(10, 20),
      rest.slice(20, 30),
    ]
    const movers = await fleet.connectAll(a.url, moving)
    await fleet.connectAll(b.url, [...deciding, hides])
    const leavers = await fleet.connectAll(a.url, leaving)
    for (const socket of await fleet.connectAll(b.url, coming)) socket.disconnect()
    const watchers = await Promise.all([
      startWatcher(fleet, a.url, viewer, fleet.users),
      startWatcher(fleet, b.url, other, fleet.users),
    ])
    const [, watcherB] = watchers
    await watcherB.until(() => coming.every((id) => watcherB.shown(id) === 'offline'))
    await untilAllAgree(fleet, [b], new Map(allOf(coming, { status: 'offline', sessions: 0 })))
    for (const watcher of watchers) watcher.forget()
    const stopActivity = startActivity(movers, 1_000)
    const load = startDeciding(fleet, b.url, deciding, 250)
    await watcherB.until(() => moving.every((id) => watcherB.changes(id).length > 1))
    await expect.poll(() => load.decisions.filter(({ status }) => status === 200).length).toBeGreaterThan(10)

    const comeBack = await WAYS[way]()
    const over = pause(OUTAGE_MS)
    const from = { told: watcherB.told.length, at: Date.now(), decisions: load.decisions.length }
    await live(a, b, watcherB, { hides, leavers, leaving, coming })
    await over
    const updates = watcherB.told.slice(from.told).filter(({ event }) => event === 'presenceUpdate').length
    expect(updates).toBeGreaterThan(((Date.now() - from.at) / 1_000) * CHANGES_PER_S * 0.5)
    refused(load, from.decisions)
    stopActivity()
    // Whoever saw the changes is not there any more when they can be written.
    const killedAt = Date.now()
    await a.kill()
    await watcherB.until(() => moving.every((id) => watcherB.shown(id) === 'offline'))
    const acknowledged = load.decisions.filter(({ status }) => status === 200).length
    await comeBack()
    await expect
      .poll(() => load.decisions.filter(({ status }) => status === 200).length, { timeout: 20_000 })
      .toBeGreaterThan(acknowledged + 10)
    await load.stop()

    const truths = new Map([
      ...allOf([...moving, ...leaving], { status: 'offline', sessions: 0 }),
      ...allOf(coming, { status: 'away', sessions: 1 }),
    ])
    await untilAllAgree(fleet, [b, await fleet.start()], truths)
    await expect.poll(() => lostDecisions(fleet, [b], load.decisions), { timeout: 10_000 }).toEqual([])
    await lastSeenIsStored(b, [...moving, ...leaving], viewer, killedAt)
    const row = 'select show_online_status as visible from users where id = $1'
    expect(await sequelize.query(row, { bind: [hides], type: QueryTypes.SELECT })).toEqual([{ visible: false }])
    expect(toldOtherwise(watcherB, [hides, ...leaving, ...moving], ['userOffline'])).toEqual([])
    expect(toldOtherwise(watcherB, coming, ['userOnline'])).toEqual([])
    expect(toldOtherwise(watcherB, deciding, [])).toEqual([])
    expect(watcherB.wentBack()).toEqual([])
  })
})

interface Outage {
  readonly hides: string
  readonly leaving: readonly string[]
  readonly leavers: readonly Socket[]
  readonly coming: readonly string[]
}

/** What works while PostgreSQL is away, and what is refused. */
async function live(
  a: Node,
  b: Node,
  watcherB: WatcherLog,
  { hides, leaving, leavers, coming }: Outage,
): Promise<void> {
  for (const socket of leavers) socket.disconnect()
  await fleet.connectAll(b.url, coming)
  const answer = await fleet.patch(b.url, hides, 'settings', { show_online_status: false })
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'NOT_DURABLE'])
  await watcherB.until(() => [hides, ...leaving].every((id) => watcherB.shown(id) === 'offline'))
  await watcherB.until(() => coming.every((id) => watcherB.shown(id) !== 'offline'))
  for (const { url } of [a, b]) {
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(503)
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ postgres: false, store: true })
  }
  const shown = await fleet.read(b.url, [hides, ...coming], coming[0] ?? '')
  expect(coming.filter((id) => shown.get(id)?.online_status === 'offline' || shown.get(id)?.stale)).toEqual([])
  // Missing, as whoever is not here and cannot be looked up: nothing tells one from the other (R31).
  expect(shown.has(hides)).toBe(false)
}

function refused({ decisions }: Deciding, from: number): void {
  // One that was under way may have been answered either way.
  const during = decisions.slice(from).filter(({ status }) => status !== 200)
  expect(during.length).toBeGreaterThan(0)
  expect(
    during.filter(({ status, code, retryAfter }) => status !== 503 || code !== 'STORE_UNAVAILABLE' || !retryAfter),
  ).toEqual([])
}

/** The last live evidence of everybody is stored, as the store has it: never later than the death of their node (R13). */
async function lastSeenIsStored(
  { url }: Node,
  userIds: readonly string[],
  as: string,
  killedAt: number,
): Promise<void> {
  const sql =
    'select user_id::text as id, public_last_seen as at from porchlight_presence where user_id = any($1::uuid[])'
  const rows = await sequelize.query<{ id: string; at: Date }>(sql, { bind: [userIds], type: QueryTypes.SELECT })
  const shown = await fleet.read(url, userIds, as)
  expect(rows.filter(({ at }) => at.getTime() > killedAt)).toEqual([])
  const stored = new Map(rows.map(({ id, at }) => [id, at.toISOString()]))
  expect(stored).toEqual(new Map(userIds.map((id) => [id, shown.get(id)?.last_seen])))
}
