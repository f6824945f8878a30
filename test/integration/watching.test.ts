import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

type Update = { userId: string; status: string; version: string }

/** What a client of `diff` was told, frame by frame. */
const framesOf = ({ heard }: Client): Update[][] =>
  heard.filter(([event]) => event === 'presenceDiff').map(([, { changed }]) => changed as Update[])

describe('watching', () => {
  let market: Marketplace
  let ana: Person
  let people: Person[]

  beforeEach(async () => {
    market = await startMarketplace()
    ana = await market.person('client')
    people = await Promise.all(Array.from({ length: 10 }, (_, index) => market.person('provider', index)))
  })
  afterEach(() => market.stop())

  const ids = (): string[] => people.map(({ id }) => id)
  const { arrive, leave } = {
    arrive: (id: string) => market.server.presence.service.setUserOnline(id, `phone of ${id}`),
    leave: (id: string) => market.server.presence.service.setUserOffline(id, `phone of ${id}`),
  }

  test('R42 many changes at once reach a diff watcher in few frames, the latest state of each', async () => {
    const watcher = await market.connect(ana, { format: 'diff' })
    await watcher.ask('watch', { users: ids() })
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(ids().map(arrive))
      if (round < 2) await Promise.all(ids().map(leave))
    }
    await eventually(
      async () => newestOf(watcher),
      (newest) => newest.size === ids().length && [...newest.values()].every(({ status }) => status === 'online'),
    )
    const frames = framesOf(watcher)
    // Fifty changes were made; the first goes out at once, and what a frame holds is of different people.
    expect(frames.length).toBeLessThan(25)
    for (const frame of frames) expect(new Set(frame.map(({ userId }) => userId)).size).toBe(frame.length)
    expect(watcher.heard.map(([event]) => event)).not.toContain('presenceUpdate')
  })

  test('R44 who comes back with versions is told only what changed meanwhile', async () => {
    const [ben, carla] = ids()
    const first = await market.connect(ana, { format: 'diff' })
    const { versions } = await first.ask('watch', { users: ids() })
    first.cut()
    await arrive(ben ?? '')
    const second = await market.connect(ana, { format: 'diff' })
    const reply = await second.ask('watch', { users: ids(), known: versions })
    expect(reply['presences']).toMatchObject([{ userId: ben, online_status: 'online' }])
    await arrive(carla ?? '')
    expect(await second.hears('presenceDiff')).toMatchObject({ changed: [{ userId: carla, status: 'online' }] })
  })

  test('R40 R41 who stops watching hears nothing more, not even what was about to be told', async () => {
    const [ben = '', carla = '', dora = ''] = ids()
    const watcher = await market.connect(ana, { format: 'diff' })
    await watcher.ask('watch', { users: [ben, carla] })
    await arrive(carla)
    // Ben's change waits for the end of a tick; the list that leaves him out comes first.
    const change = arrive(ben)
    const list = watcher.ask('watch', { users: [carla, dora] })
    await Promise.all([change, list])
    await arrive(dora)
    await eventually(
      async () => newestOf(watcher),
      (newest) => newest.has(dora),
    )
    const replied = watcher.heard.length
    await leave(ben)
    await leave(dora)
    await eventually(
      async () => newestOf(watcher),
      (newest) => newest.get(dora)?.status === 'offline',
    )
    expect(watcher.heard.slice(replied).flatMap(([, { changed }]) => changed as Update[])).not.toContainEqual(
      expect.objectContaining({ userId: ben }),
    )
  })
})

describe('a watcher that stops reading', () => {
  let market: Marketplace
  let ana: Person
  let ids: string[]

  beforeEach(async () => {
    const limits = { PRESENCE_MAX_QUEUED_UPDATES: '200', PRESENCE_MERGE_MS: '1', PRESENCE_RATE_LIMIT: 'off' }
    market = await startMarketplace(limits)
    ana = await market.person('client')
    const { body } = await market.http('/api/demo/users?role=provider&limit=100')
    ids = body.users.map(({ id }: { id: string }) => id)
  })
  afterEach(() => market.stop())

  /** Packets that wait in the server for the only connection there is. */
  function waiting(): number {
    const [socket] = market.server.io.of('/').sockets.values()
    return (socket?.conn as unknown as { writeBuffer: unknown[] } | undefined)?.writeBuffer.length ?? 0
  }

  /** Sends an event of the host's own until the network's buffers take no more: they are larger than all news of a test. */
  async function fillNetwork(): Promise<void> {
    const [socket] = market.server.io.of('/').sockets.values()
    await eventually(
      async () => socket?.emit('photo', 'x'.repeat(1_000_000)),
      () => waiting() > 0,
    )
  }

  /** Tells watchers of everybody again and again, with time for the network in between. */
  async function flood(rounds: number): Promise<number> {
    let most = 0
    for (let round = 0; round < rounds; round += 1) {
      for (const id of ids) await market.server.presence.broadcastPresence(id)
      await new Promise((resolve) => setTimeout(resolve, 2))
      most = Math.max(most, waiting())
    }
    return most
  }

  test.each(['diff', 'events'])('R43 costs no memory with the format %s, and recovers', async (format) => {
    const slow = await market.connect(ana, { format })
    const { versions } = await slow.ask('watch', { users: ids })
    stopReading(slow)
    await fillNetwork()
    // A listener to events has two packets for each update, and one update may come on top of a full queue.
    expect(await flood(10)).toBeLessThan(205)
    const ben = ids[0] ?? ''
    await market.server.presence.service.setUserOnline(ben, 'a phone')
    goOnReading(slow)
    await slow.hears('resync')
    const { presences } = await slow.ask('watch', { users: ids, known: versions })
    expect(presences).toMatchObject([{ userId: ben, online_status: 'online' }])
  })

  test('R43 is let go when it asks and asks without reading the answers', async () => {
    const deaf = await market.connect(ana, { format: 'diff' })
    const [socket] = market.server.io.of('/').sockets.values()
    const end = new Promise((resolve) => socket?.once('disconnect', resolve))
    stopReading(deaf)
    await fillNetwork()
    await eventually(
      async () => deaf.socket.emit('watch', { users: ids }, () => {}),
      () => waiting() > 100 || socket?.connected === false,
    )
    deaf.socket.emit('watch', { users: ids }, () => {})
    // Not by the ping time-out, which another packet puts off.
    expect(await end).toMatch(/^transport/)
  })
})

describe('a small community', () => {
  test('R40 hears of everyone, whoever watches', async () => {
    const market = await startMarketplace({ PRESENCE_AUDIENCE: 'everyone' })
    try {
      const watcher = await market.connect(await market.person('client'), { format: 'diff' })
      const ben = await market.person('provider')
      await market.connect(ben)
      expect(await watcher.hears('presenceDiff')).toMatchObject({ changed: [{ userId: ben.id, status: 'online' }] })
    } finally {
      await market.stop()
    }
  })
})

function newestOf(client: Client): Map<string, Update> {
  return new Map(framesOf(client).flatMap((frame) => frame.map((update) => [update.userId, update] as const)))
}

const connectionOf = ({ socket }: Client) =>
  (socket.io.engine.transport as unknown as { ws: { pause(): void; resume(): void } }).ws
const stopReading = (client: Client): void => connectionOf(client).pause()
const goOnReading = (client: Client): void => connectionOf(client).resume()
