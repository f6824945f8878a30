import { afterEach, describe, expect, test } from 'vitest'
import { cut, type Fleet, FULL, startFleet, untilSessions } from './fleet.ts'
import { allOf, shownOtherwise, toldOtherwise, untilAllAgree } from './judge.ts'
import { STORES } from './stores.ts'
import { startWatcher } from './watcher-log.ts'

const env: Record<string, string> = FULL ? {} : { PRESENCE_NODE_LEASE_MS: '1500', PRESENCE_GRACE_MS: '5000' }
// Longer than it takes others to notice that a node is dead: what they end then must not be what is in grace.
const GRACE_MS = FULL ? 10_000 : 5_000

let fleet: Fleet
afterEach(() => fleet.stop())

describe.each(STORES)('a node is killed ($store)', ({ redisUrl }) => {
  test('R5 exactly its 500 users go offline, once, within ten seconds', { timeout: 90_000 }, async () => {
    fleet = await startFleet({ redisUrl: redisUrl(), users: 530, env })
    const [doomed, other] = await Promise.all([fleet.start(), fleet.start()])
    const [viewer = '', ...people] = fleet.users
    const [victims, both, untouched] = [people.slice(0, 490), people.slice(490, 500), people.slice(500, 520)]
    await fleet.connectAll(doomed.url, [...victims, ...both])
    await fleet.connectAll(other.url, [...both, ...untouched])
    const watcher = await startWatcher(fleet, other.url, viewer, people)
    watcher.forget()

    const killedAt = Date.now()
    await doomed.kill()
    await watcher.until(() => victims.every((userId) => watcher.shown(userId) === 'offline'))
    expect(Date.now() - killedAt).toBeLessThan(10_000)
    const third = await fleet.start()
    const truths = new Map([
      ...allOf(victims, { status: 'offline', sessions: 0 }),
      ...allOf([...both, ...untouched], { status: 'online', sessions: 1 }),
    ])
    await untilAllAgree(fleet, [other, third], truths)
    expect(toldOtherwise(watcher, victims, ['userOffline'])).toEqual([])
    expect(toldOtherwise(watcher, [...both, ...untouched], [])).toEqual([])
    expect(watcher.wentBack()).toEqual([])
  })

  test('R5 R3 a client that was lost before keeps its grace, whoever dies', { timeout: 60_000 }, async () => {
    fleet = await startFleet({ redisUrl: redisUrl(), users: 12, env })
    const [doomed, other] = await Promise.all([fleet.start(), fleet.start()])
    const [viewer = '', stays = '', returns = '', marker = ''] = fleet.users
    const watcher = await startWatcher(fleet, other.url, viewer, [stays, returns, marker])
    const sockets = [
      await fleet.connect(doomed.url, stays, { deviceId: 'phone' }),
      await fleet.connect(doomed.url, returns, { deviceId: 'phone' }),
    ]
    await watcher.until(() => [stays, returns].every((userId) => watcher.shown(userId) === 'online'))
    watcher.forget()
    const lostAt = Date.now()
    for (const socket of sockets) cut(socket)
    await untilSessions(doomed, 0)
    await doomed.kill()
    await fleet.connect(other.url, returns, { deviceId: 'phone' })
    await watcher.shows(stays, 'offline')
    expect(Date.now() - lostAt).toBeGreaterThanOrEqual(GRACE_MS - 200)
    await fleet.connect(other.url, marker)
    await watcher.shows(marker, 'online')
    expect(toldOtherwise(watcher, [stays], ['userOffline'])).toEqual([])
    expect(toldOtherwise(watcher, [returns], [])).toEqual([])
    expect(shownOtherwise(watcher, [returns], [])).toEqual([])
    const truths = new Map([
      ...allOf([returns, marker], { status: 'online', sessions: 1 }),
      ...allOf([stays], { status: 'offline', sessions: 0 }),
    ])
    await untilAllAgree(fleet, [other], truths)
  })
})
