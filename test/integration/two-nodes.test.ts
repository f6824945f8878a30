import { randomUUID } from 'node:crypto'
import { QueryTypes } from 'sequelize'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

describe.each(['redisUrl', 'redisClusterUrl'] as const)('two nodes on one store (%s)', (url) => {
  let database: TestDatabase
  let a: Marketplace
  let b: Marketplace
  let offset = 0
  let next = 0

  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    const world = { database, clock: () => Date.now() + offset }
    // Time is moved by more than a lease in one go: no node can renew in between.
    const lease = { PRESENCE_NODE_LEASE_MS: '600000', PRESENCE_STORE_TIMEOUT_MS: '1000' }
    const env = { REDIS_URL: inject(url), PRESENCE_REDIS_PREFIX: `test-${randomUUID()}`, ...lease }
    a = await startMarketplace(env, world)
    b = await startMarketplace(env, world)
  })
  afterAll(async () => {
    await Promise.all([a, b].map((node) => node.stop()))
    await database.drop()
  })

  const somebody = (): Promise<Person> => a.person('provider', (next += 1))

  /** Somebody at node B who watches, and has seen the snapshot. */
  async function watcherAtB(...people: Person[]): Promise<Client> {
    const client = await b.connect(await b.person('client', (next += 1) % 20))
    await client.ask('watch', { users: people.map(({ id }) => id) })
    return client
  }

  const statusAt = async (node: Marketplace, { id }: Person, as: Person): Promise<string> =>
    (await node.http(`/api/users/presence/${id}`, { as })).body.online_status

  const sessionRows = (person: Person) =>
    database.sequelize.query<{ id: string; is_active: boolean; ip_address: string | null }>(
      'select id::text, is_active, ip_address from user_sessions where user_id = $1 order by connected_at',
      { bind: [person.id], type: QueryTypes.SELECT },
    )

  test('who comes and leaves on one node is seen on the other', async () => {
    const [ada, viewer] = [await somebody(), await somebody()]
    const watcher = await watcherAtB(ada)
    const phone = await a.connect(ada)
    await watcher.hears('userOnline', { userId: ada.id, status: 'online' })
    expect([await statusAt(a, ada, viewer), await statusAt(b, ada, viewer)]).toEqual(['online', 'online'])
    phone.leave()
    await watcher.hears('userOffline', { userId: ada.id })
    expect(watcher.heard.filter(([event]) => event === 'userOnline')).toHaveLength(1)
  })

  test('R3 a device that comes back to another node makes no news', async () => {
    const [ada, marker] = [await somebody(), await somebody()]
    const watcher = await watcherAtB(ada, marker)
    const phone = await a.connect(ada, { device_id: 'phone' })
    await watcher.hears('userOnline', { userId: ada.id })
    phone.cut()
    await a.untilConnections(0)
    const again = await b.connect(ada, { device_id: 'phone' })
    offset += 60_000
    const other = await a.connect(marker)
    await watcher.hears('userOnline', { userId: marker.id })
    expect(watcher.heard.filter(([, payload]) => payload?.['userId'] === ada.id).map(([event]) => event)).toEqual([
      'userOnline',
      'presenceUpdate',
    ])
    other.leave()
    again.leave()
    await watcher.hears('userOffline', { userId: ada.id })
  })

  test('R20 R32 a choice and a hiding made on one node are told on the other, and hold there', async () => {
    const [ada, viewer] = [await somebody(), await somebody()]
    const watcher = await watcherAtB(ada)
    const phone = await a.connect(ada)
    const own = await b.connect(ada)
    await a.http('/api/users/presence/status', {
      method: 'PATCH',
      as: ada,
      json: { status: 'dnd', message: 'on a roof' },
    })
    await watcher.hears('presenceUpdate', { userId: ada.id, status: 'dnd', custom_message: 'on a roof' })
    await own.hears('selfPresence', { online_status: 'dnd', custom_message: 'on a roof' })
    await a.http('/api/users/presence/settings', { method: 'PATCH', as: ada, json: { show_online_status: false } })
    await watcher.hears('userOffline', { userId: ada.id })
    expect((await b.http(`/api/users/presence/${ada.id}`, { as: viewer })).body).toEqual({
      userId: ada.id,
      online_status: 'offline',
      last_seen: null,
      show_status: true,
    })
    await own.hears('selfPresence', { show_status: false, online_status: 'dnd' })
    phone.leave()
    own.leave()
  })

  test('a device is signed out from another node: its connection is closed for good, and its row ends', async () => {
    const ada = await somebody()
    const atA = await a.connect(ada)
    const atB = await b.connect(ada)
    const closed = new Promise((resolve) => atA.socket.once('disconnect', resolve))
    const list = await eventually(
      () => b.http('/api/users/presence/sessions', { as: ada }),
      ({ body }) => body.sessions.length === 2,
    )
    const sessions: { id: string }[] = list.body.sessions
    const rows = await eventually(
      () => sessionRows(ada),
      (found) => found.length === 2,
    )
    const first = rows[0]?.id
    expect(sessions.map(({ id }) => id)).toContain(first)
    const answer = await b.http(`/api/users/presence/sessions/${first}`, { method: 'DELETE', as: ada })
    expect(answer.status).toBeLessThan(300)
    expect(await closed).toBe('io server disconnect')
    await eventually(
      () => sessionRows(ada),
      (found) => found.map(({ is_active }) => is_active).join() === 'false,true',
    )
    expect((await sessionRows(ada)).every(({ ip_address }) => ip_address !== null)).toBe(true)
    expect(atB.socket.connected).toBe(true)
    atB.leave()
  })

  test('signing out everywhere closes the connections on every node, and watchers hear it once', async () => {
    const ada = await somebody()
    const watcher = await watcherAtB(ada)
    const clients = [await a.connect(ada), await a.connect(ada), await b.connect(ada)]
    const closed = clients.map(({ socket }) => new Promise((resolve) => socket.once('disconnect', resolve)))
    expect(await b.server.presence.service.signOutEverywhere(ada.id)).toBe(3)
    expect(await Promise.all(closed)).toEqual(Array(3).fill('io server disconnect'))
    await watcher.hears('userOffline', { userId: ada.id })
    expect(watcher.heard.filter(([event]) => event === 'userOffline')).toHaveLength(1)
  })

  test('R12 activity on one node keeps somebody online whose other node knows of none', async () => {
    const [ada, marker] = [await somebody(), await somebody()]
    const watcher = await watcherAtB(ada, marker)
    const atA = await a.connect(ada)
    const atB = await b.connect(ada)
    await watcher.hears('userOnline', { userId: ada.id })
    // In steps shorter than nodes wait for each other: a look that is under way must not find a minute gone.
    for (let second = 0; second < 400; second += 1) {
      offset += 1_000
      if (second % 60 === 0) atB.socket.emit('activity')
      // The server has taken it in when it answers what was asked after it.
      if (second % 60 === 0) await atB.ask('unwatch')
      // The node that does not know of it is the first to look, each time.
      for (const node of [a, b]) await node.server.presence.service.cleanupInactiveSessions()
    }
    const other = await a.connect(marker)
    await watcher.hears('userOnline', { userId: marker.id })
    const statuses = watcher.heard.filter(([event, { userId }]) => event === 'presenceUpdate' && userId === ada.id)
    expect(new Set(statuses.map(([, { status }]) => status))).toEqual(new Set(['online']))
    for (const client of [atA, atB, other]) client.leave()
  })
})
