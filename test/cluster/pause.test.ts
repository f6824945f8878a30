import { afterEach, describe, expect, test } from 'vitest'
import { type Fleet, FULL, startFleet } from './fleet.ts'
import { allOf, toldOtherwise, untilAllAgree } from './judge.ts'
import { STORES } from './stores.ts'
import { startWatcher } from './watcher-log.ts'

// A client that waits longer than the pause is still connected afterwards, and one that waits less is not.
const PATIENT = { PRESENCE_PING_INTERVAL_MS: '2000', PRESENCE_PING_TIMEOUT_MS: '60000' }
const SHORT = { PRESENCE_NODE_LEASE_MS: '1500', PRESENCE_GRACE_MS: '1000' }
const IMPATIENT = FULL
  ? { PRESENCE_PING_INTERVAL_MS: '10000', PRESENCE_PING_TIMEOUT_MS: '5000' }
  : { PRESENCE_PING_INTERVAL_MS: '1000', PRESENCE_PING_TIMEOUT_MS: '1000' }
/** In full, a pause as long as the issue says; else one that outlasts the lease. */
const PAUSE_MS = FULL ? 30_000 : 4_000

let fleet: Fleet
afterEach(() => fleet.stop())

/** Resolves when this much time has passed since `from`: the length of the pause is what is tested, not waited for. */
const pauseEnds = (from: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, from + PAUSE_MS - Date.now())))

describe.each(STORES)('a node stands still for a while, and goes on ($store)', ({ redisUrl }) => {
  test('R5 R2 whoever is still connected comes online again; whoever left does not', { timeout: 120_000 }, async () => {
    fleet = await startFleet({ redisUrl: redisUrl(), users: 60, env: FULL ? {} : SHORT })
    const [paused, other] = await Promise.all([fleet.start(PATIENT), fleet.start()])
    const [viewer = '', atPaused = '', marker = '', ...people] = fleet.users
    const [stay, leave, both] = [people.slice(0, 20), people.slice(20, 40), people.slice(40, 50)]
    await fleet.connectAll(paused.url, [...stay, ...both])
    await fleet.connectAll(other.url, both)
    const leaving = await fleet.connectAll(paused.url, leave)
    const everybody = [...stay, ...leave, ...both]
    const watcher = await startWatcher(fleet, other.url, viewer, [...everybody, marker])
    const ownWatcher = await startWatcher(fleet, paused.url, atPaused, [...both, marker])
    for (const one of [watcher, ownWatcher]) one.forget()

    const pausedAt = Date.now()
    paused.freeze()
    await watcher.until(() => [...stay, ...leave].every((userId) => watcher.shown(userId) === 'offline'))
    expect(toldOtherwise(watcher, [...stay, ...leave], ['userOffline'])).toEqual([])
    for (const socket of leaving) socket.disconnect()
    await pauseEnds(pausedAt)
    paused.thaw()

    await watcher.until(() => stay.every((userId) => watcher.shown(userId) === 'online'))
    await fleet.connect(other.url, marker)
    await Promise.all([watcher.shows(marker, 'online'), ownWatcher.shows(marker, 'online')])
    const truths = new Map([
      ...allOf(stay, { status: 'online', sessions: 1 }),
      ...allOf(both, { status: 'online', sessions: 2 }),
      ...allOf(leave, { status: 'offline', sessions: 0 }),
    ])
    await untilAllAgree(fleet, [paused, other], truths)
    expect(toldOtherwise(watcher, stay, ['userOffline', 'userOnline'])).toEqual([])
    expect(toldOtherwise(watcher, leave, ['userOffline'])).toEqual([])
    expect(toldOtherwise(watcher, both, [])).toEqual([])
    expect(toldOtherwise(ownWatcher, both, [])).toEqual([])
    expect([...watcher.wentBack(), ...ownWatcher.wentBack()]).toEqual([])
  })

  test('R5 clients that gave up and went to another node are online there, once', { timeout: 120_000 }, async () => {
    fleet = await startFleet({ redisUrl: redisUrl(), users: 40, env: FULL ? {} : SHORT })
    const [paused, other] = await Promise.all([fleet.start(IMPATIENT), fleet.start()])
    const [viewer = '', marker = '', ...people] = fleet.users
    const [move, giveUp] = [people.slice(0, 15), people.slice(15, 30)]
    const sockets = await fleet.connectAll(paused.url, [...move, ...giveUp])
    const gaveUp = sockets.map((socket) => new Promise((resolve) => socket.once('disconnect', resolve)))
    const watcher = await startWatcher(fleet, other.url, viewer, [...move, ...giveUp, marker])
    watcher.forget()

    const pausedAt = Date.now()
    paused.freeze()
    expect(new Set(await Promise.all(gaveUp))).toEqual(new Set(['ping timeout']))
    await watcher.until(() => [...move, ...giveUp].every((userId) => watcher.shown(userId) === 'offline'))
    await fleet.connectAll(other.url, move)
    await pauseEnds(pausedAt)
    paused.thaw()

    const truths = new Map([
      ...allOf(move, { status: 'online', sessions: 1 }),
      ...allOf(giveUp, { status: 'offline', sessions: 0 }),
    ])
    await untilAllAgree(fleet, [paused, other], truths)
    await fleet.connect(paused.url, marker)
    await watcher.shows(marker, 'online')
    expect(toldOtherwise(watcher, move, ['userOffline', 'userOnline'])).toEqual([])
    expect(toldOtherwise(watcher, giveUp, ['userOffline'])).toEqual([])
    expect(watcher.wentBack()).toEqual([])
  })
})
