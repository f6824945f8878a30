import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { cut, type Fleet, FULL, type Node, startFleet } from './fleet.ts'
import { allOf, toldOtherwise, untilAllAgree } from './judge.ts'
import { startWatcher, type WatcherLog } from './watcher-log.ts'

const LEASE_MS = FULL ? 6_000 : 3_000
const AWAY_MS = FULL ? 20_000 : 6_000
const env: Record<string, string> = FULL
  ? {}
  : { PRESENCE_NODE_LEASE_MS: '3000', PRESENCE_GRACE_MS: '3000', PRESENCE_RECONCILE_MS: '3000' }

let fleet: Fleet
let proxy: CuttableProxy
afterEach(async () => {
  await fleet.stop()
  await proxy.stop()
})

/** Users by what becomes of them. */
interface Groups {
  readonly atA: readonly string[]
  readonly atB: readonly string[]
  /** Connected to both nodes. */
  readonly both: readonly string[]
  /** Connected to A, and gone while it is cut off: by a goodbye, or lost. */
  readonly leaveA: readonly string[]
  readonly lostAtA: readonly string[]
  /** Gone from B, or come to it, meanwhile. */
  readonly leaveB: readonly string[]
  readonly comeToB: readonly string[]
  /** Comes to A meanwhile. */
  readonly comesToA: string
  /** Come to B while A is away for a moment. */
  readonly comeEarly: readonly string[]
}

function group(users: readonly string[]): Groups & { viewers: readonly string[]; markers: readonly string[] } {
  let from = 0
  const take = (count: number): string[] => users.slice(from, (from += count))
  const some = { viewers: take(2), markers: take(2), atA: take(20), atB: take(20), both: take(5), leaveA: take(3) }
  return {
    ...some,
    lostAtA: take(3),
    leaveB: take(3),
    comeToB: take(3),
    comesToA: take(1)[0] ?? '',
    comeEarly: take(5),
  }
}

// A cluster's nodes name each other's addresses to whoever asks, past any proxy.
describe.each(['cut', 'hang'] as const)('a node is separated from Redis but not from its clients (%s)', (how) => {
  test('R45 R46 R51 it says so, invents nothing, and is itself again afterwards', { timeout: 180_000 }, async () => {
    fleet = await startFleet({ redisUrl: inject('redisUrl'), users: 80, env })
    proxy = await startCuttableProxy(Number(new URL(inject('redisUrl')).port))
    const [a, b] = await Promise.all([fleet.start({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` }), fleet.start()])
    const groups = group(fleet.users)
    const { viewers, markers, atA, atB, both, leaveA, lostAtA, leaveB, comeToB, comesToA, comeEarly } = groups
    await fleet.connectAll(a.url, [...atA, ...both])
    const leavingA = await fleet.connectAll(a.url, [...leaveA, ...lostAtA])
    await fleet.connectAll(b.url, [...atB, ...both])
    const leavingB = await fleet.connectAll(b.url, leaveB)
    const [watcherA, watcherB] = await Promise.all([
      startWatcher(fleet, a.url, viewers[0] ?? '', fleet.users),
      startWatcher(fleet, b.url, viewers[1] ?? '', fleet.users),
    ])
    for (const watcher of [watcherA, watcherB]) watcher.forget()

    // Too short to be told from a hiccup: what happens meanwhile is looked up.
    proxy[how]()
    const passed = pause(LEASE_MS / 4)
    await fleet.connectAll(b.url, comeEarly)
    await passed
    proxy.mend()
    await watcherA.until(() => comeEarly.every((id) => watcherA.shown(id) === 'online'))
    await fleet.connect(b.url, markers[0] ?? '')
    await Promise.all([watcherA, watcherB].map((watcher) => watcher.shows(markers[0] ?? '', 'online')))
    const others = fleet.users.filter((userId) => userId !== markers[0] && !comeEarly.includes(userId))
    for (const watcher of [watcherA, watcherB]) {
      expect(toldOtherwise(watcher, others, [])).toEqual([])
      expect(toldOtherwise(watcher, comeEarly, ['userOnline'])).toEqual([])
      // A busy machine may make more of it.
      await watcher.until(() => times(watcher, 'stale') === times(watcher, 'resync'))
      watcher.forget()
    }

    const stale = times(watcherA, 'stale')
    proxy[how]()
    const mended = pause(AWAY_MS)
    await watcherA.until(() => times(watcherA, 'stale') > stale)
    await watcherB.until(() => [...atA, ...leaveA, ...lostAtA].every((id) => watcherB.shown(id) === 'offline'))
    for (const socket of leavingA.slice(0, leaveA.length)) socket.disconnect()
    for (const socket of leavingA.slice(leaveA.length)) cut(socket)
    for (const socket of leavingB) socket.disconnect()
    await fleet.connectAll(b.url, comeToB)
    const arrived = fleet.connect(a.url, comesToA, { comesBack: true })
    await watcherB.until(() => leaveB.every((id) => watcherB.shown(id) === 'offline'))
    await saysSo(a, b, atA[0] ?? '')
    await mended
    expect(toldOtherwise(watcherA, others, [])).toEqual([])

    proxy.mend()
    await arrived
    const here = [...atA, ...atB, ...both, ...comeToB, ...comeEarly, comesToA]
    const gone = [...leaveA, ...lostAtA, ...leaveB]
    const truths = new Map([
      ...allOf([...atA, ...atB, ...comeToB, ...comeEarly, comesToA], { status: 'online', sessions: 1 }),
      ...allOf(both, { status: 'online', sessions: 2 }),
      ...allOf(gone, { status: 'offline', sessions: 0 }),
    ])
    await untilAllAgree(fleet, [a, b], truths)
    await fleet.connect(b.url, markers[1] ?? '')
    for (const watcher of [watcherA, watcherB]) {
      await watcher.shows(markers[1] ?? '', 'online')
      await watcher.until(() => here.every((id) => watcher.shown(id) === 'online'))
      await watcher.until(() => gone.every((id) => watcher.shown(id) === 'offline'))
      expect(watcher.wentBack()).toEqual([])
    }
    judge(watcherA, watcherB, groups)
  })
})

const times = ({ signals }: WatcherLog, wanted: string): number => signals.filter(({ name }) => name === wanted).length

async function saysSo(a: Node, b: Node, somebody: string): Promise<void> {
  const refused = await fleet.patch(a.url, somebody, 'status', { status: 'dnd' })
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'STORE_UNAVAILABLE'])
  expect(refused.headers.get('retry-after')).not.toBeNull()
  expect((await fetch(`${a.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${b.url}/readyz`)).status).toBe(200)
}

function judge(watcherA: WatcherLog, watcherB: WatcherLog, groups: Groups): void {
  const { atA, atB, both, leaveA, lostAtA, leaveB, comeToB, comesToA, comeEarly } = groups
  const offlineOnce = [...leaveA, ...lostAtA, ...leaveB]
  expect(toldOtherwise(watcherB, atA, ['userOffline', 'userOnline'])).toEqual([])
  expect(toldOtherwise(watcherB, offlineOnce, ['userOffline'])).toEqual([])
  expect(toldOtherwise(watcherB, [...comeToB, comesToA], ['userOnline'])).toEqual([])
  for (const watcher of [watcherA, watcherB]) {
    expect(toldOtherwise(watcher, [...atB, ...both, ...comeEarly], [])).toEqual([])
  }
  // What A missed it may tell, or leave to what its clients read anew.
  for (const userId of atA) expect(['', 'offline,online']).toContain(watcherA.changes(userId).join())
  for (const userId of offlineOnce) expect(watcherA.changes(userId)).toEqual(['offline'])
  for (const userId of [...comeToB, comesToA]) expect(watcherA.changes(userId)).toEqual(['online'])
}
