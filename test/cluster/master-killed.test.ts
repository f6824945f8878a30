import { afterEach, expect, test } from 'vitest'
import { startRedisCluster, type TestRedisCluster } from '../support/redis.ts'
import { type Fleet, FULL, type Node, startFleet } from './fleet.ts'
import { allOf, shownOtherwise, untilAllAgree } from './judge.ts'
import { startWatcher } from './watcher-log.ts'

let redis: TestRedisCluster
let fleet: Fleet
afterEach(async () => {
  await fleet.stop()
  await redis.stop()
})

/** Tries until it is taken, as people do who are told to try again. @returns milliseconds that it took */
async function insist({ url }: Node, userId: string, status: string): Promise<number> {
  const from = Date.now()
  await expect
    .poll(async () => (await fleet.patch(url, userId, 'status', { status })).status, { timeout: 30_000, interval: 200 })
    .toBe(200)
  return Date.now() - from
}

// A master that is killed takes what its replica did not have yet along: a moment's changes, which nodes compare and state anew.
test('R23 R7 a master of the cluster is killed: nobody goes offline, and changes go on', {
  timeout: 150_000,
}, async () => {
  redis = await startRedisCluster()
  const env: Record<string, string> = FULL ? {} : { PRESENCE_NODE_LEASE_MS: '3000', PRESENCE_GRACE_MS: '1000' }
  fleet = await startFleet({ redisUrl: redis.url, users: 120, env })
  const [a, b] = await Promise.all([fleet.start(), fleet.start()])
  const [viewer = '', other = '', ...people] = fleet.users
  const [stay, leave, late] = [people.slice(0, 80), people.slice(80, 90), people.slice(90, 110)]
  await fleet.connectAll(a.url, stay.slice(0, 40))
  await fleet.connectAll(b.url, stay.slice(40))
  const leaving = await fleet.connectAll(a.url, leave)
  await untilAllAgree(fleet, [a, b], new Map(allOf([...stay, ...leave], { status: 'online', sessions: 1 })))
  const watchers = [await startWatcher(fleet, a.url, viewer, people), await startWatcher(fleet, b.url, other, people)]
  for (const one of watchers) one.forget()

  const [master] = await redis.masters()
  await master?.kill('SIGKILL')
  // Under way at once: some of it meets the master that is gone.
  for (const socket of leaving) socket.disconnect()
  const took = await Promise.all(stay.map((userId, i) => insist(i % 2 === 0 ? a : b, userId, 'dnd')))
  expect(Math.max(...took)).toBeLessThan(15_000)
  await fleet.connectAll(b.url, late)
  await Promise.all(
    watchers.map((one) =>
      one.until(
        () =>
          stay.every((userId) => one.shown(userId) === 'dnd') &&
          late.every((userId) => one.shown(userId) === 'online') &&
          leave.every((userId) => one.shown(userId) === 'offline'),
      ),
    ),
  )
  const truths = new Map([
    ...allOf(stay, { status: 'dnd', sessions: 1 }),
    ...allOf(late, { status: 'online', sessions: 1 }),
    ...allOf(leave, { status: 'offline', sessions: 0 }),
  ])
  await untilAllAgree(fleet, [a, b], truths, 30_000)
  for (const one of watchers) {
    expect(shownOtherwise(one, stay, ['dnd'])).toEqual([])
    expect(shownOtherwise(one, leave, ['offline'])).toEqual([])
    expect(shownOtherwise(one, late, ['online'])).toEqual([])
    expect(one.wentBack()).toEqual([])
  }
})
