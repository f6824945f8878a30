import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type Balancer, startBalancer } from './balancer.ts'
import { type Fleet, FULL, type Node, startFleet } from './fleet.ts'
import { allOf, toldOtherwise, untilAllAgree } from './judge.ts'
import { lostDecisions, startActivity, startDeciding } from './load.ts'
import { STORES } from './stores.ts'
import { startWatcher } from './watcher-log.ts'

const DRAIN_MS = FULL ? 10_000 : 4_000
// Clients without a will of their own try to come back after a second and a half at most. Three hundred who do so at once, on a machine
// that runs all nodes, stores and other tests, may need longer than a grace; whoever does is offline by the rules (R3).
const env: Record<string, string> = {
  PRESENCE_IDLE_AFTER_MS: '400',
  PRESENCE_GRACE_MS: FULL ? '20000' : '5000',
  PRESENCE_DRAIN_MS: String(DRAIN_MS),
  // Nor is a node dead that gets no turn for a while.
  PRESENCE_NODE_LEASE_MS: '20000',
}
const [STAYING, MOVING, DECIDING] = FULL ? [300, 10, 20] : [100, 5, 10]
/** Each sign of use makes somebody active, and away again: 200 changes a second. */
const SIGNS_PER_S = 100

let fleet: Fleet
let balancer: Balancer
afterEach(async () => {
  await fleet.stop()
  await balancer.stop()
})

describe.each(STORES)('three nodes are restarted one after the other ($store)', ({ redisUrl }) => {
  test('R54 under load nobody is seen offline, and no decision is lost', { timeout: 180_000 }, async () => {
    fleet = await startFleet({ redisUrl: redisUrl(), users: STAYING + MOVING + DECIDING + 3, env })
    balancer = await startBalancer()
    let nodes: Node[] = await Promise.all([fleet.start(), fleet.start(), fleet.start()])
    balancer.use(nodes)
    const staying = fleet.users.slice(3, 3 + STAYING)
    const moving = fleet.users.slice(3 + STAYING, 3 + STAYING + MOVING)
    const deciding = fleet.users.slice(3 + STAYING + MOVING)
    const sockets = [
      ...(await fleet.connectAll(balancer.url, staying, { comesBack: true })),
      ...(await fleet.connectAll(balancer.url, deciding, { comesBack: true, deviceId: 'laptop' })),
    ]
    const watchers = await Promise.all(
      fleet.users.slice(0, 3).map((viewer) => startWatcher(fleet, balancer.url, viewer, fleet.users.slice(3))),
    )
    for (const watcher of watchers) watcher.forget()
    const drained = sockets.map((socket) => new Promise((resolve) => socket.once('drain', resolve)))
    const stopActivity = startActivity(sockets.slice(0, STAYING), (1_000 * STAYING) / SIGNS_PER_S)
    const load = startDeciding(fleet, balancer.url, deciding, 200)
    const movement = startMoving(moving)

    for (const old of nodes) {
      const startedAt = Date.now()
      expect(await old.term()).toBe(0)
      expect(Date.now() - startedAt).toBeLessThan(DRAIN_MS + 1_000)
      nodes = [...nodes.filter((node) => node !== old), await fleet.start()]
      balancer.use(nodes)
    }
    await Promise.all(drained)
    await movement.stop()
    stopActivity()
    await load.stop()
    const truths = new Map([
      ...allOf(staying, { status: 'away', sessions: 1 }),
      ...allOf(moving, { status: 'offline', sessions: 0 }),
    ])
    await untilAllAgree(fleet, nodes, truths)
    for (const watcher of watchers) {
      expect(toldOtherwise(watcher, [...staying, ...deciding], [])).toEqual([])
      const seenOffline = [...staying, ...deciding].filter((userId) => watcher.changes(userId).includes('offline'))
      expect(seenOffline).toEqual([])
      expect(watcher.wentBack()).toEqual([])
      // They were moved themselves.
      expect(watcher.signals.some(({ name }) => name === 'disconnect')).toBe(true)
    }
    await expect.poll(() => lostDecisions(fleet, nodes, load.decisions), { timeout: 10_000 }).toEqual([])
    expect(load.decisions.filter(({ status }) => status === 200).length).toBeGreaterThan(load.decisions.length / 2)
  })
})

/** Lets users come and leave, by whichever node the balancer gives them. */
function startMoving(userIds: readonly string[]): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const all = userIds.map(async (userId) => {
    while (!stopping.signal.aborted) {
      const socket = await fleet.connect(balancer.url, userId, { comesBack: true })
      socket.disconnect()
      await pause(200)
    }
  })
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(all)
    },
  }
}
