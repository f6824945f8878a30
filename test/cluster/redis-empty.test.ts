import { afterEach, describe, expect, test } from 'vitest'
import { startRedis, startRedisCluster, type TestRedis, type TestRedisCluster } from '../support/redis.ts'
import { cut, type Fleet, FULL, type Node, startFleet } from './fleet.ts'
import { allOf, shownOtherwise, toldOtherwise, untilAllAgree } from './judge.ts'
import { startWatcher, type WatcherLog } from './watcher-log.ts'

const env: Record<string, string> = FULL ? {} : { PRESENCE_NODE_LEASE_MS: '3000', PRESENCE_GRACE_MS: '1000' }
/** How long there is no Redis: longer than a lease. */
const AWAY_MS = FULL ? 20_000 : 4_000

let redis: TestRedis | TestRedisCluster
let fleet: Fleet
afterEach(async () => {
  await fleet.stop()
  await redis.stop()
})

const heard = (watchers: readonly WatcherLog[], name: string) =>
  Promise.all(watchers.map((one) => one.until(() => one.signals.some((signal) => signal.name === name))))

/** A read is marked as stale, and a decision is refused for now (R51). */
async function expectOutage({ url }: Node, userId: string, viewer: string): Promise<void> {
  const presence = (await fleet.read(url, [userId], viewer)).get(userId)
  expect(presence).toMatchObject({ online_status: 'online', stale: true })
  const refused = await fleet.patch(url, userId, 'status', { status: 'dnd' })
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refused.json()).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
}

describe.each([
  { store: 'Redis', start: () => startRedis() },
  { store: 'Redis Cluster', start: () => startRedisCluster() },
])('$store is killed, and comes back with nothing in it', ({ start }) => {
  test('R23 R51 R7 nobody is offline who is here, and all is as it was', { timeout: 150_000 }, async () => {
    redis = await start()
    fleet = await startFleet({ redisUrl: redis.url, users: 160, env })
    const nodes = await Promise.all([fleet.start(), fleet.start(), fleet.start()])
    const [a, b, doomed] = nodes
    const [viewer = '', other = '', marker = '', ...people] = fleet.users
    const [stay, hidden, busy] = [people.slice(0, 80), people.slice(80, 90), people.slice(90, 100)]
    const [leave, lose, orphans] = [people.slice(100, 110), people.slice(110, 120), people.slice(120, 130)]
    await fleet.connectAll(a.url, [...stay.slice(0, 40), ...hidden])
    await fleet.connectAll(b.url, [...stay.slice(40), ...busy])
    await fleet.connectAll(doomed.url, orphans)
    const [leaving, losing] = [await fleet.connectAll(a.url, leave), await fleet.connectAll(b.url, lose)]
    for (const userId of hidden) await decide(b, userId, 'settings', { show_online_status: false })
    for (const userId of busy) await decide(a, userId, 'status', { status: 'dnd', message: 'in a meeting' })
    const everybody = [...stay, ...hidden, ...busy, ...leave, ...lose, ...orphans, marker]
    const before = new Map([
      ...allOf([...stay, ...leave, ...lose, ...orphans], { status: 'online', sessions: 1 }),
      ...allOf(busy, { status: 'dnd', sessions: 1 }),
      ...allOf(hidden, { status: 'online', sessions: 1, seen: 'offline' }),
    ])
    await untilAllAgree(fleet, nodes, before)
    const watchers = [
      await startWatcher(fleet, a.url, viewer, everybody),
      await startWatcher(fleet, b.url, other, everybody),
    ]
    for (const one of watchers) one.forget()

    const goneAt = Date.now()
    await redis.kill('SIGKILL')
    await heard(watchers, 'stale')
    await expectOutage(a, stay[0] ?? '', viewer)
    for (const socket of leaving) socket.disconnect()
    for (const socket of losing) cut(socket)
    await doomed.kill()
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, goneAt + AWAY_MS - Date.now())))
    for (const one of watchers) expect(everybody.flatMap((userId) => one.changes(userId))).toEqual([])
    await redis.restart()

    await heard(watchers, 'resync')
    const after = new Map(before)
    for (const userId of [...leave, ...lose, ...orphans]) after.set(userId, { status: 'offline', sessions: 0 })
    await untilAllAgree(fleet, [a, b], after, 30_000)
    await fleet.connect(a.url, marker)
    await Promise.all(watchers.map((one) => one.shows(marker, 'online')))
    for (const one of watchers) {
      expect(shownOtherwise(one, [...stay, ...hidden, ...busy], [])).toEqual([])
      expect(toldOtherwise(one, [...stay, ...hidden, ...busy], [])).toEqual([])
      expect(shownOtherwise(one, [...leave, ...lose, ...orphans], ['offline'])).toEqual([])
      expect(one.wentBack()).toEqual([])
    }
    // What comes next is newer than all that was told before.
    for (const userId of stay.slice(0, 5)) await decide(b, userId, 'status', { status: 'away' })
    for (const userId of stay.slice(0, 5)) await Promise.all(watchers.map((one) => one.shows(userId, 'away')))
  })
})

async function decide({ url }: Node, userId: string, path: 'status' | 'settings', body: object): Promise<void> {
  expect((await fleet.patch(url, userId, path, body)).status).toBe(200)
}
