import type { Socket } from 'socket.io-client'
import { afterEach, describe, expect, test } from 'vitest'
import { cut, eachOf, type Fleet, startFleet, untilSessions } from './fleet.ts'
import { allOf, toldOtherwise, untilAllAgree } from './judge.ts'
import { STORES } from './stores.ts'
import { startWatcher, type WatcherLog } from './watcher-log.ts'

const USERS = 50
// 50 x 20: a thousand first connects and a thousand last disconnects.
const ROUNDS = 20
// As short as a grace may be, so that an end that two nodes see at once comes soon; cleanly left sessions have none.
const env = { PRESENCE_GRACE_MS: '0', PRESENCE_MOBILE_GRACE_MS: '0' }

let fleet: Fleet
afterEach(() => fleet.stop())

/** Watchers at both nodes, each of which has to be told everything once. */
async function twoWatchers(urls: readonly string[], viewers: readonly string[], users: readonly string[]) {
  return Promise.all(urls.map((url, i) => startWatcher(fleet, url, viewers[i] ?? '', users)))
}

const untilAllShow = (watchers: readonly WatcherLog[], users: readonly string[], status: string) =>
  Promise.all(watchers.map((one) => one.until(() => users.every((userId) => one.shown(userId) === status))))

const leave = (socket: Socket): void => void socket.disconnect()

describe.each(STORES)('two nodes at once ($store)', ({ redisUrl }) => {
  test(`R6 ${USERS * ROUNDS} first connects and last disconnects are one change each`, {
    timeout: 600_000,
  }, async () => {
    fleet = await startFleet({ redisUrl: redisUrl(), users: USERS + 2, env })
    const nodes = await Promise.all([fleet.start(), fleet.start()])
    const urls = nodes.map(({ url }) => url)
    const users = fleet.users.slice(2)
    const watchers = await twoWatchers(urls, fleet.users, users)

    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of watchers) one.forget()
      const pairs = await eachOf(users, (userId) => Promise.all(urls.map((url) => fleet.connect(url, userId))))
      await untilAllShow(watchers, users, 'online')
      // Half say goodbye, half are lost.
      for (const [i, pair] of pairs.entries()) {
        for (const socket of pair) (i % 2 === 0 ? leave : cut)(socket)
      }
      await untilAllShow(watchers, users, 'offline')
      for (const one of watchers) expect(toldOtherwise(one, users, ['userOnline', 'userOffline'])).toEqual([])
    }
    await untilAllAgree(fleet, nodes, new Map(allOf(users, { status: 'offline', sessions: 0 })))
    for (const one of watchers) {
      expect(toldOtherwise(one, users, ['userOnline', 'userOffline'])).toEqual([])
      expect(one.wentBack()).toEqual([])
    }
  })

  test('R2 R6 sessions that begin at once at two nodes are both known: one goes, one stays', {
    timeout: 120_000,
  }, async () => {
    fleet = await startFleet({ redisUrl: redisUrl(), users: USERS + 3, env })
    const nodes = await Promise.all([fleet.start(), fleet.start()])
    const urls = nodes.map(({ url }) => url)
    const [marker = '', ...users] = fleet.users.slice(2)
    const watchers = await twoWatchers(urls, fleet.users, [...users, marker])
    const pairs = await eachOf(users, (userId) => Promise.all(urls.map((url) => fleet.connect(url, userId))))
    await untilAllShow(watchers, users, 'online')
    for (const [first] of pairs) if (first) leave(first)
    // Those that are left at the first node: its watcher.
    await untilSessions(nodes[0], 1)
    await Promise.all(urls.map((url) => fleet.connect(url, marker)))
    await untilAllShow(watchers, [marker], 'online')
    for (const one of watchers) expect(toldOtherwise(one, users, ['userOnline'])).toEqual([])
    await untilAllAgree(fleet, nodes, new Map(allOf(users, { status: 'online', sessions: 1 })))
    for (const [, second] of pairs) if (second) leave(second)
    await untilAllShow(watchers, users, 'offline')
    await untilAllAgree(fleet, nodes, new Map(allOf(users, { status: 'offline', sessions: 0 })))
    for (const one of watchers) expect(toldOtherwise(one, users, ['userOnline', 'userOffline'])).toEqual([])
  })
})
