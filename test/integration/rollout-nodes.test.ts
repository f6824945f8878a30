import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { createFlagFile, type FlagFile, staffAnd } from '../support/flag-file.ts'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

describe('two nodes that read the same flags', () => {
  let database: TestDatabase
  let flags: FlagFile
  let a: Marketplace
  let b: Marketplace
  let staff: Person
  let next = 0

  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    flags = createFlagFile(staffAnd(100))
    const world = { database, clock: () => Date.now() }
    const redis = { REDIS_URL: inject('redisUrl'), PRESENCE_REDIS_PREFIX: `test-${randomUUID()}` }
    const env = { ...redis, PRESENCE_FLAGS_FILE: flags.path, PRESENCE_PROJECT_EVERY_MS: '20' }
    a = await startMarketplace(env, world)
    b = await startMarketplace(env, world)
    staff = await a.person('staff')
  })
  afterAll(async () => {
    await Promise.all([a, b].map((node) => node.stop()))
    await database.drop()
    flags.remove()
  })
  beforeEach(() => flags.set(staffAnd(100)))

  const untilOn = async ({ id }: Person, on: boolean): Promise<void> => {
    for (const node of [a, b]) {
      await eventually(
        async () => node.server.presence.verbs.isOn(id),
        (is) => is === on,
      )
    }
  }

  /** What a client heard of somebody, up to something that happened after it. */
  async function newsOf(watcher: Client, { id }: Person): Promise<string[]> {
    const status = next % 2 === 0 ? 'away' : 'dnd'
    next += 1
    await a.http('/api/users/presence/status', { method: 'PATCH', as: staff, json: { status } })
    await watcher.hears('presenceUpdate', { userId: staff.id, status })
    return watcher.heard.filter(([, payload]) => payload?.['userId'] === id).map(([event]) => event)
  }

  test('R71 whoever has devices on both is gone for watchers on both, told once, and back without reconnecting', async () => {
    const ada = await a.person('provider', 1)
    await untilOn(ada, true)
    const offices = [await a.connect(staff), await b.connect(staff)]
    for (const office of offices) await office.ask('watch', { users: [ada.id, staff.id] })
    const devices = [await a.connect(ada), await b.connect(ada)]
    for (const office of offices) await office.hears('userOnline', { userId: ada.id })
    flags.set(staffAnd(0))
    for (const office of offices) {
      await office.hears('presenceUpdate', { userId: ada.id, status: 'offline', last_seen: null })
    }
    await untilOn(ada, false)
    for (const office of offices) {
      expect(await newsOf(office, ada)).toEqual(['userOnline', 'presenceUpdate', 'userOffline', 'presenceUpdate'])
      office.forget()
    }
    for (const node of [a, b]) {
      expect((await node.http(`/api/users/presence/${ada.id}`, { as: staff })).body).toMatchObject({
        online_status: 'offline',
        last_seen: null,
      })
    }
    expect(devices.map(({ socket }) => socket.connected)).toEqual([true, true])
    for (const device of devices) device.forget()
    flags.set(staffAnd(100))
    for (const office of offices) await office.hears('userOnline', { userId: ada.id, status: 'online' })
    for (const device of devices) await device.hears('selfPresence', { online_status: 'online' })
    // The one that is left keeps them here.
    devices[0]?.leave()
    await untilOn(ada, true)
    expect((await b.http(`/api/users/presence/${ada.id}`, { as: staff })).body.online_status).toBe('online')
    devices[1]?.leave()
    for (const office of offices) await office.hears('userOffline', { userId: ada.id })
    for (const office of offices) office.leave()
  })

  test('R71 whoever has just lost their connection is gone, too, for those who watch', async () => {
    const ada = await a.person('provider', 2)
    await untilOn(ada, true)
    const office = await b.connect(staff)
    await office.ask('watch', { users: [ada.id, staff.id] })
    const phone = await a.connect(ada)
    await office.hears('userOnline', { userId: ada.id })
    const { size } = a.server.io.of('/').sockets
    phone.cut()
    await a.untilConnections(size - 1)
    flags.set(staffAnd(0))
    await office.hears('presenceUpdate', { userId: ada.id, status: 'offline', last_seen: null })
    office.leave()
  })
})
