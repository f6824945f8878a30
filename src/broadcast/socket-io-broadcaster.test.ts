import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { io as connectClient, type Socket as Client } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { View } from '../domain/view.ts'
import type { Broadcaster, SearchNews } from './contract.ts'
import { createSocketIoBroadcaster } from './socket-io-broadcaster.ts'

const [ANA, BEN, CARLA] = ['ana', 'ben', 'carla']

let io: Server
let url: string
let broadcaster: Broadcaster
let clients: Client[]

beforeEach(async () => {
  clients = []
  const http = createServer()
  io = new Server(http)
  broadcaster = createSocketIoBroadcaster({ io, mergeMs: 0, maxQueuedUpdates: 100 })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})
afterEach(async () => {
  vi.useRealTimers()
  for (const client of clients) client.disconnect()
  await io.close()
})

interface Ear {
  readonly socketId: string
  /** Names of all events heard so far, those that were sent before now included. */
  heard(): Promise<string[]>
}

/** A connection of somebody that the broadcaster knows. */
async function listener(userId: string): Promise<Ear> {
  const client = connectClient(url, { transports: ['websocket'], forceNew: true, reconnection: false })
  clients.push(client)
  await new Promise<void>((resolve) => client.once('connect', resolve))
  const socketId = client.id ?? ''
  broadcaster.add({ socketId, userId, format: 'events' })
  const heard: string[] = []
  client.onAny((event: string) => {
    if (event !== 'mark') heard.push(event)
  })
  return {
    socketId,
    // Events keep their order: after this one, all that was sent before has come.
    heard: () =>
      new Promise((resolve) => {
        client.once('mark', () => resolve(heard))
        io.to(socketId).emit('mark')
      }),
  }
}

const view = (version: number, changes: Partial<View> = {}): View => ({
  status: 'online',
  lastSeenAt: 1_000,
  message: null,
  version,
  ...changes,
})

/** @param before what this node would take for known if nobody had been told anything */
const news = (userId: string, after: View, before: View) => ({
  userId,
  own: after,
  contact: after,
  stranger: after,
  before: { own: before, contact: before, stranger: before },
  at: 2_000,
  retracts: false,
})

/** A snapshot: it knows nothing of what was before. */
const remember = (userId: string, read: View): void => broadcaster.remember(news(userId, read, read))

describe('what watchers know', () => {
  test('R14 R46 is what they read, so that the first news after it are measured by that', async () => {
    const ana = await listener(ANA)
    broadcaster.watch(ana.socketId, [BEN])
    remember(BEN, view(5, { status: 'offline' }))
    expect(await ana.heard()).toEqual([])
    expect(broadcaster.latest(BEN, 'stranger')).toEqual(view(5, { status: 'offline' }))
    // Whoever sends this did not know that they had read it already.
    broadcaster.announce(news(BEN, view(5, { status: 'offline' }), view(4)))
    expect(await ana.heard()).toEqual([])
    // From online to online, were it not for what they read.
    broadcaster.announce(news(BEN, view(6), view(4)))
    expect(await ana.heard()).toEqual(['userOnline', 'presenceUpdate'])
  })

  test('R7 is never replaced by something older that was read', async () => {
    const ana = await listener(ANA)
    broadcaster.watch(ana.socketId, [BEN])
    broadcaster.announce(news(BEN, view(7, { status: 'dnd' }), view(4)))
    remember(BEN, view(6))
    expect(broadcaster.latest(BEN, 'stranger')).toMatchObject({ version: 7, status: 'dnd' })
  })

  test('R46 is told by a read that was faster than the news, to those who were told something older', async () => {
    const [ana, carla] = [await listener(ANA), await listener(CARLA)]
    for (const { socketId } of [ana, carla]) broadcaster.watch(socketId, [BEN])
    remember(BEN, view(5))
    remember(BEN, view(6, { status: 'offline' }))
    // Late, and no news any more.
    broadcaster.announce(news(BEN, view(6, { status: 'offline' }), view(5)))
    for (const ear of [ana, carla]) expect(await ear.heard()).toEqual(['userOffline', 'presenceUpdate'])
  })

  test('R40 is kept for as long as somebody watches, and of nobody else', async () => {
    const ana = await listener(ANA)
    remember(CARLA, view(1))
    expect(broadcaster.latest(CARLA, 'stranger')).toBeNull()
    broadcaster.watch(ana.socketId, [BEN, CARLA])
    expect([...broadcaster.watched()]).toEqual([BEN, CARLA])
    remember(CARLA, view(1))
    broadcaster.watch(ana.socketId, [BEN])
    expect([...broadcaster.watched()]).toEqual([BEN])
    expect(broadcaster.latest(CARLA, 'stranger')).toBeNull()
    broadcaster.remove(ana.socketId)
    expect([...broadcaster.watched()]).toEqual([])
  })

  test('R14 R23 a version that grows without a visible difference is kept, and not told', async () => {
    const ana = await listener(ANA)
    broadcaster.watch(ana.socketId, [BEN])
    remember(BEN, view(5))
    broadcaster.announce(news(BEN, view(9), view(5)))
    expect(await ana.heard()).toEqual([])
    expect(broadcaster.latest(BEN, 'stranger')?.version).toBe(9)
    // What is older than that silent step stays untold, too.
    broadcaster.announce(news(BEN, view(8, { status: 'away' }), view(5)))
    expect(await ana.heard()).toEqual([])
    broadcaster.announce(news(BEN, view(10, { lastSeenAt: 5_000 }), view(9)))
    broadcaster.announce(news(BEN, view(11, { lastSeenAt: 5_000, message: 'back at 3' }), view(10)))
    expect(await ana.heard()).toEqual(['presenceUpdate', 'presenceUpdate'])
  })
})

describe('when the store is lost and comes back', () => {
  test('R45 every connection hears that nobody can vouch for what it shows', async () => {
    const ears = [await listener(ANA), await listener(ANA), await listener(BEN)]
    broadcaster.stale()
    for (const ear of ears) expect(await ear.heard()).toEqual(['stale'])
  })

  test('R51 every connection reads anew within the time, not all at once', async () => {
    const ears = await Promise.all(Array.from({ length: 20 }, () => listener(ANA)))
    const asked = async () => (await Promise.all(ears.map((ear) => ear.heard()))).filter((heard) => heard.length > 0)
    fakeTimeouts()
    broadcaster.resyncAll(10_000)
    vi.advanceTimersByTime(5_000)
    vi.useRealTimers()
    const early = await asked()
    expect(early.length).toBeGreaterThan(0)
    expect(early.length).toBeLessThan(20)
  })

  test('R51 all have been asked, once each, when the time is over', async () => {
    const ears = await Promise.all(Array.from({ length: 20 }, () => listener(ANA)))
    fakeTimeouts()
    broadcaster.resyncAll(10_000)
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    for (const ear of ears) expect(await ear.heard()).toEqual(['resync'])
  })

  test('R45 R51 a store that is lost again takes back what was not asked yet', async () => {
    const ear = await listener(ANA)
    fakeTimeouts()
    broadcaster.resyncAll(10_000)
    broadcaster.stale()
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    expect(await ear.heard()).toEqual(['stale'])
  })

  test('R51 whoever left meanwhile is not looked for', async () => {
    const [gone, here] = [await listener(ANA), await listener(BEN)]
    fakeTimeouts()
    broadcaster.resyncAll(10_000)
    broadcaster.remove(gone.socketId)
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    expect(await here.heard()).toEqual(['resync'])
    expect(await gone.heard()).toEqual([])
  })
})

/** Of timers these alone: connections go on. */
const fakeTimeouts = (): void => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

describe('what is told to a topic', () => {
  const about = (seq: number): SearchNews => ({
    watch_id: 'plumbers',
    seq,
    enter: [],
    leave: [],
    change: [],
    counts: { online: seq, away: 0, dnd: 0 },
    next_cursor: null,
    as_of: null,
    stale: false,
  })

  test('R40 is heard by those who listen to it, and nobody else', async () => {
    const [ana, ben, carla] = [await listener(ANA), await listener(BEN), await listener(CARLA)]
    broadcaster.listen(ana.socketId, 'plumbers')
    broadcaster.listen(ben.socketId, 'plumbers')
    broadcaster.listen(carla.socketId, 'painters')
    expect(broadcaster.tell('plumbers', about(1))).toBe(2)
    broadcaster.unlisten(ben.socketId, ['plumbers', 'nothing'])
    broadcaster.remove(carla.socketId)
    expect(broadcaster.tell('plumbers', about(2))).toBe(1)
    expect(broadcaster.tell('painters', about(1))).toBe(0)
    expect([broadcaster.hasListeners('plumbers'), broadcaster.hasListeners('painters')]).toEqual([true, false])
    expect(await ana.heard()).toEqual(['providersDiff', 'providersDiff'])
    expect(await carla.heard()).toEqual([])
    expect([...broadcaster.topicsOf(ana.socketId)]).toEqual(['plumbers'])
  })

  test('R41 comes after the answer to whoever began to listen just now', async () => {
    const ana = await listener(ANA)
    const socket = io.of('/').sockets.get(ana.socketId)
    broadcaster.listen(ana.socketId, 'plumbers')
    const heard: unknown[] = []
    clients[0]?.on('providersDiff', ({ seq }) => heard.push(seq))
    // Whatever else happens in this round of the event loop: the first stays first.
    setImmediate(() => broadcaster.tell('plumbers', about(2)))
    broadcaster.tell('plumbers', about(1))
    // An answer that is ready, but for the turns of a few promises.
    for (let i = 0; i < 5; i += 1) await Promise.resolve()
    socket?.emit('answer')
    await new Promise((resolve) => setImmediate(resolve))
    expect(await ana.heard()).toEqual(['answer', 'providersDiff', 'providersDiff'])
    expect(heard).toEqual([1, 2])
  })

  test('R40 is not told any more to whoever stopped listening right after they began', async () => {
    const ana = await listener(ANA)
    broadcaster.listen(ana.socketId, 'plumbers')
    broadcaster.tell('plumbers', about(1))
    broadcaster.unlisten(ana.socketId, ['plumbers'])
    expect(await ana.heard()).toEqual([])
  })
})

test('R71 whoever is silent is told that nobody vouches, and then only of those of whom nothing is shown any more', async () => {
  const [ben, carla] = [await listener(BEN), await listener(CARLA)]
  for (const { socketId } of [ben, carla]) broadcaster.watch(socketId, [ANA, CARLA])
  remember(ANA, view(1))
  broadcaster.silence(ben.socketId)
  broadcaster.announce(news(ANA, view(2, { status: 'away' }), view(1)))
  broadcaster.announce(news(ANA, view(3, { status: 'offline', lastSeenAt: 2_000 }), view(2)))
  broadcaster.place(BEN, { audience: 'contact', floor: 0, version: 5 }, news(ANA, view(3), view(2)))
  broadcaster.announce(news(ANA, view(4, { status: 'offline', lastSeenAt: null }), view(3)))
  expect(await ben.heard()).toEqual(['stale', 'presenceUpdate'])
  const all = ['presenceUpdate', 'userOffline', 'presenceUpdate', 'presenceUpdate']
  expect(await carla.heard()).toEqual(all)
  // Forgotten and known again, it hears everything.
  broadcaster.remove(ben.socketId)
  broadcaster.add({ socketId: ben.socketId, userId: BEN, format: 'events' })
  broadcaster.watch(ben.socketId, [ANA])
  broadcaster.announce(news(ANA, view(6), view(4, { status: 'offline', lastSeenAt: null })))
  expect((await ben.heard()).slice(2)).toEqual(['userOnline', 'presenceUpdate'])
})
