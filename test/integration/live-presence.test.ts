import { QueryTypes } from 'sequelize'
import { io } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

const GRACE_MS = 10_000

describe('live presence between plain clients', () => {
  let market: Marketplace
  let ana: Person
  let ben: Person
  let carla: Person
  let watching: Client

  beforeEach(async () => {
    market = await startMarketplace()
    ana = await market.person('client')
    ben = await market.person('provider', 0)
    carla = await market.person('provider', 1)
    watching = await market.connect(ana)
    await watching.ask('watch', { users: [ben.id, carla.id] })
  })
  afterEach(() => market.stop())

  /** What the watcher heard of Ben until a later change of Carla reached it: nothing can still be under way then. */
  async function heardOfBen(): Promise<unknown[]> {
    const marker = await market.connect(carla)
    await watching.hears('presenceUpdate', { userId: carla.id, status: 'online' })
    marker.leave()
    await watching.hears('presenceUpdate', { userId: carla.id, status: 'offline' })
    const ofBen = watching.heard.filter(([, payload]) => payload?.['userId'] === ben.id).map(([event]) => event)
    watching.heard.length = 0
    watching.forget()
    return ofBen
  }

  test('R1 R3 R6 devices come and go, and the watcher hears the person come and go once', async () => {
    const laptop = await market.connect(ben, { device_type: 'desktop', device_id: 'laptop' })
    const phone = await market.connect(ben, { device_type: 'mobile', device_id: 'phone' })
    expect(await heardOfBen()).toEqual(['userOnline', 'presenceUpdate'])

    phone.leave()
    await eventually(
      () => market.http('/api/users/presence/sessions', { as: ben }),
      ({ body }) => body.sessions.length === 1,
    )
    expect(await heardOfBen()).toEqual([])

    laptop.leave()
    await watching.hears('userOffline', { userId: ben.id, status: 'offline' })
    expect(await heardOfBen()).toEqual(['userOffline', 'presenceUpdate'])
  })

  test('R3 an abrupt loss with a return within the grace makes no news, and one without makes it once', async () => {
    const before = await market.connect(ben, { device_id: 'laptop' })
    await heardOfBen()
    before.cut()
    await market.untilConnections(1)
    const after = await market.connect(ben, { device_id: 'laptop' })
    market.advance(GRACE_MS + 1_000)
    expect(await heardOfBen()).toEqual([])
    const { body } = await market.http(`/api/users/presence/${ben.id}`, { as: ana })
    expect(body.online_status).toBe('online')

    after.cut()
    await market.untilConnections(1)
    expect(await heardOfBen()).toEqual([])
    market.advance(GRACE_MS + 1_000)
    await watching.hears('userOffline', { userId: ben.id })
    expect(await heardOfBen()).toEqual(['userOffline', 'presenceUpdate'])
  })

  test('R11 R15 a choice with a message is heard when it begins and when it ends', async () => {
    const laptop = await market.connect(ben)
    const other = await market.connect(ben)
    const reply = await laptop.ask('setStatus', { status: 'dnd', message: 'On a roof', expires_in: 2 })
    expect(reply).toMatchObject({ ok: true, presence: { online_status: 'dnd', custom_message: 'On a roof' } })
    expect(await watching.hears('presenceUpdate', { status: 'dnd' })).toMatchObject({ custom_message: 'On a roof' })
    await other.hears('selfPresence', { online_status: 'dnd' })
    watching.forget()
    market.advance(2_000)
    const ended = await watching.hears('presenceUpdate', { status: 'online' })
    expect(ended).not.toHaveProperty('custom_message')
    const { body } = await market.http(`/api/users/presence/${ben.id}`, { as: ana })
    expect(body).not.toHaveProperty('custom_message')
  })

  test('R30 R32 hiding makes an ordinary offline user of someone, everywhere, before it is acknowledged', async () => {
    await market.connect(ben)
    await watching.hears('userOnline', { userId: ben.id })
    const hide = { method: 'PATCH', as: ben, json: { show_online_status: false } }
    expect((await market.http('/api/users/presence/settings', hide)).body).toMatchObject({ show_online_status: false })
    await watching.hears('userOffline', { userId: ben.id, status: 'offline' })
    const seen = await market.http(`/api/users/presence/${ben.id}`, { as: ana })
    expect(seen.body).toEqual({ userId: ben.id, online_status: 'offline', last_seen: null, show_status: true })
    const own = await market.http(`/api/users/presence/${ben.id}`, { as: ben })
    expect(own.body).toMatchObject({ online_status: 'online', show_status: false })
  })

  test('the same truth is in the search with each filter, and in the rows', async () => {
    const laptop = await market.connect(ben, { device_type: 'mobile' })
    await laptop.ask('setStatus', { status: 'dnd', message: 'Ladder' })
    const found = async (query: string): Promise<boolean> => {
      const { body } = await market.http(`/api/providers?limit=100&${query}`)
      return body.providers.some(({ id }: { id: string }) => id === ben.id)
    }
    await eventually(() => found('online_status=dnd'), Boolean)
    expect(await found('online_status=online')).toBe(false)
    expect(await found('last_seen=1h')).toBe(true)
    expect(await found('active_within=24h')).toBe(true)

    const [row] = await rows('select * from users where id = $1')
    expect(row).toMatchObject({ online_status: 'dnd', custom_status_message: 'Ladder', show_online_status: true })
    const sessions = await rows('select * from user_sessions where user_id = $1')
    expect(sessions).toMatchObject([{ device_type: 'mobile', is_active: true }])

    laptop.leave()
    await eventually(
      () => found('online_status=dnd'),
      (hit) => !hit,
    )
    await eventually(
      () => rows('select * from users where id = $1'),
      ([user]) => user?.['online_status'] === 'offline',
    )
    await eventually(
      () => rows('select * from user_sessions where user_id = $1'),
      ([session]) => session?.['is_active'] === false,
    )
    expect(await found('last_seen=1h')).toBe(true)
  })

  test('the service answers a host the same search, present people unless told otherwise', async () => {
    const { body: fields } = await market.http(`/api/providers/${ben.id}`)
    await market.connect(ben)
    const { service } = market.server.presence
    const search = (filters = {}) => service.getOnlineProviders(fields.city_id, fields.service_id, filters)
    const { providers, counts } = await eventually(search, (found) => found.providers.length === 1)
    expect(counts).toEqual({ online: 1, away: 0, dnd: 0 })
    expect(providers[0]).toMatchObject({ id: ben.id, name: ben.name, is_online: true, last_seen_text: 'online now' })
    expect((await search({ online_status: 'dnd' })).providers).toEqual([])
    await expect(search({ last_seen: 'abc' })).rejects.toMatchObject({ code: 'INVALID_QUERY' })
  })

  test('R30 a hidden provider is listed, and in no filter, count or order as present', async () => {
    await market.connect(ben)
    await market.http('/api/users/presence/settings', { method: 'PATCH', as: ben, json: { show_online_status: false } })
    const present = await eventually(
      () => market.http('/api/providers?online_status=online,away,dnd&limit=100'),
      ({ body }) => body.providers.length === 0,
    )
    expect(present.body.counts).toEqual({ online: 0, away: 0, dnd: 0 })
    const { body } = await market.http(`/api/providers/${ben.id}`)
    const all = await market.http(`/api/providers?online_status=offline&limit=100&city_id=${body.city_id}`)
    expect(all.body.providers.map(({ id }: { id: string }) => id)).toContain(ben.id)
  })

  test('R10 R12 without activity someone is away, and one sign of use brings them back', async () => {
    const laptop = await market.connect(ben)
    market.advance(5 * 60_000)
    await watching.hears('presenceUpdate', { userId: ben.id, status: 'away' })
    watching.forget()
    laptop.socket.emit('activity')
    await watching.hears('presenceUpdate', { userId: ben.id, status: 'online' })
  })

  test('R33 a device can be signed out by its owner, and stays away', async () => {
    const laptop = await market.connect(ben, { device_id: 'laptop' })
    const { body } = await market.http('/api/users/presence/sessions', { as: ben })
    expect(body.sessions).toHaveLength(1)
    const foreign = await market.http(`/api/users/presence/sessions/${body.sessions[0].id}`, {
      method: 'DELETE',
      as: ana,
    })
    expect(foreign).toMatchObject({ status: 404, body: { code: 'SESSION_NOT_FOUND' } })
    const reason = new Promise((resolve) => laptop.socket.once('disconnect', resolve))
    const gone = await market.http(`/api/users/presence/sessions/${body.sessions[0].id}`, { method: 'DELETE', as: ben })
    expect(gone.status).toBe(204)
    expect(await reason).toBe('io server disconnect')
    await watching.hears('userOffline', { userId: ben.id })
  })

  test('R41 a snapshot leaves out unknown ids and ids whose version is known', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000'
    await market.connect(ben)
    await watching.hears('userOnline', { userId: ben.id })
    const first = await watching.ask('watch', { users: [ben.id, carla.id, nobody] })
    expect(first).toMatchObject({ ok: true, stale: false })
    expect((first['presences'] as { userId: string }[]).map(({ userId }) => userId)).toEqual([ben.id, carla.id])
    const again = await watching.ask('watch', { users: [ben.id, carla.id], known: first['versions'] })
    expect(again['presences']).toEqual([])
  })

  test('R40 who watches nobody hears nothing of others', async () => {
    const dora = await market.connect(await market.person('client', 1))
    dora.forget()
    await market.connect(ben)
    await watching.hears('userOnline', { userId: ben.id })
    await dora.ask('unwatch', {})
    expect(dora.heard.map(([event]) => event)).toEqual(['selfPresence'])
  })

  test('R3 a client that may only poll comes and goes like any other', async () => {
    const options = { auth: { token: ben.token }, transports: ['polling'], forceNew: true, reconnection: false }
    const polling = io(market.url, options)
    await watching.hears('userOnline', { userId: ben.id })
    expect(await polling.emitWithAck('setStatus', { status: 'dnd' })).toMatchObject({ ok: true })
    await watching.hears('presenceUpdate', { userId: ben.id, status: 'dnd' })
    polling.disconnect()
    await watching.hears('userOffline', { userId: ben.id })
    // Nothing of ours has answered in Socket.IO's place.
    const { body } = await market.http('/metrics')
    expect(body).not.toMatch(/^porchlight_refusals_total\{code="INTERNAL"\}/m)
  })

  test('R53 beyond the most sessions of one user the one missed least is signed out, and nobody else hears of it', async () => {
    const tabs: Client[] = []
    for (let tab = 0; tab < 21; tab += 1) tabs.push(await market.connect(ben, { device_id: `tab-${tab}` }))
    await eventually(
      async () => tabs.filter(({ socket }) => socket.connected).length,
      (connected) => connected === 20,
    )
    expect(tabs[0]?.socket.connected).toBe(false)
    expect(await heardOfBen()).toEqual(['userOnline', 'presenceUpdate'])
  })

  test('R40 whoever was signed out is told nothing any more', async () => {
    const { service, metrics } = market.server.presence
    const dora = await market.person('client', 1)
    for (let round = 0; round < 3; round += 1) {
      const window = await market.connect(dora)
      await window.ask('watch', { users: [ben.id] })
      await service.signOutEverywhere(dora.id)
    }
    await watching.ask('watch', { users: [] })
    await market.connect(ben)
    expect(await metrics.text()).toMatch(/^porchlight_deliveries_total 0$/m)
  })

  test('R3 R13 what only the node knew of activity survives a reconnect and a goodbye', async () => {
    const first = await market.connect(ben, { device_id: 'laptop' })
    market.advance(4 * 60_000)
    await first.ask('activity')
    first.cut()
    await market.untilConnections(1)
    const second = await market.connect(ben, { device_id: 'laptop' })
    market.advance(2 * 60_000)
    expect(await heardOfBen()).toEqual(['userOnline', 'presenceUpdate'])
    expect((await market.http(`/api/users/presence/${ben.id}`, { as: ana })).body.online_status).toBe('online')
    await second.ask('activity')
    second.leave()
    await watching.hears('userOffline', { userId: ben.id })
    await eventually(
      () => market.http('/api/providers?limit=100&active_within=1m&online_status=offline'),
      ({ body }) => body.providers.some(({ id }: { id: string }) => id === ben.id),
    )
  })

  test('R11 R15 a message that is kept is that of the decision before, also when both come at once', async () => {
    const laptop = await market.connect(ben)
    const decisions = [{ status: 'dnd', message: 'On a ladder' }, { status: 'away' }]
    const [, last] = await Promise.all(decisions.map((decision) => laptop.ask('setStatus', decision)))
    expect(last).toMatchObject({ ok: true, presence: { online_status: 'away', custom_message: 'On a ladder' } })
  })

  test('R32 hiding does not wait for a PostgreSQL that hangs, and search does not tell either', async () => {
    await market.connect(ben)
    const counts = () => market.http('/api/providers?online_status=online&limit=100')
    await eventually(counts, ({ body }) => body.counts.online === 1)
    const transaction = await market.database.sequelize.transaction()
    await market.database.sequelize.query('select 1 from porchlight_presence where user_id = $1 for update', {
      bind: [ben.id],
      transaction,
    })
    const hide = { method: 'PATCH', as: ben, json: { show_online_status: false } }
    const answer = await market.http('/api/users/presence/settings', hide)
    expect(answer).toMatchObject({ status: 503, body: { code: 'NOT_DURABLE', retryable: true } })
    await watching.hears('userOffline', { userId: ben.id })
    expect((await counts()).body).toMatchObject({ providers: [], counts: { online: 0, away: 0, dnd: 0 } })
    await transaction.rollback()
    await eventually(
      () => rows('select * from users where id = $1'),
      ([user]) => user?.['show_online_status'] === false,
    )
  })

  test('R52 a device that a host describes wrongly holds up nobody', async () => {
    const { service } = market.server.presence
    const wrong = { device_type: 'tablet' as 'web', user_agent: 'a\0b', ip_address: 'nowhere' }
    await service.setUserOnline(carla.id, 'a-socket', wrong)
    await market.connect(ben)
    await eventually(
      () => rows('select * from user_sessions where user_id = $1'),
      (sessions) => sessions.length === 1,
    )
    await service.setUserOffline(carla.id, 'a-socket')
  })

  test('R8 starting twice is refused', async () => {
    await expect(market.server.presence.start()).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
  })

  const rows = (sql: string): Promise<Record<string, unknown>[]> =>
    market.database.sequelize.query(sql, { bind: [ben.id], type: QueryTypes.SELECT })
})
