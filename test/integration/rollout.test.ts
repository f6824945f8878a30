import { QueryTypes } from 'sequelize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createFlagFile, type FlagFile, STAFF, staffAnd } from '../support/flag-file.ts'

describe('a presence that is rolled out', () => {
  let flags: FlagFile
  let place: Marketplace
  let staff: Person

  beforeEach(async () => {
    flags = createFlagFile(staffAnd(0))
    place = await startMarketplace({ PRESENCE_FLAGS_FILE: flags.path, PRESENCE_PROJECT_EVERY_MS: '20' })
    staff = await place.person('staff')
  })
  afterEach(async () => {
    await place.stop()
    flags.remove()
  })

  /** Whoever is let in is greeted. */
  const isGreeted = ({ heard }: Client): boolean => heard.some(([event]) => event === 'selfPresence')
  const newsOf = ({ heard }: Client, { id }: Person) => heard.filter(([, payload]) => payload?.['userId'] === id)
  const shownTo = async (viewer: Person, { id }: Person) =>
    (await place.http(`/api/users/presence/${id}`, { as: viewer })).body

  /** All that PostgreSQL holds of somebody, with the transactions that wrote it. */
  const rowsOf = ({ id }: Person) =>
    place.database.sequelize.query(
      `select 'presence' as of, xmin::text, to_jsonb(p) as row from porchlight_presence p where user_id = $1
       union all select 'user', xmin::text, to_jsonb(u) from users u where id = $1
       union all select 'session', xmin::text, to_jsonb(s) from user_sessions s where user_id = $1 order by 1, 2`,
      { bind: [id], type: QueryTypes.SELECT },
    )

  /** Waits until the file that was just written holds for somebody. */
  const untilOn = ({ id }: Person, on: boolean) =>
    eventually(
      async () => place.server.presence.verbs.isOn(id),
      (is) => is === on,
    )
  let marks = 0
  /** Waits until all that happened so far is written, by something that happens after it. Staff has to be here. */
  async function untilWritten(): Promise<void> {
    const message = `mark ${(marks += 1)}`
    await place.http('/api/users/presence/status', { method: 'PATCH', as: staff, json: { status: 'dnd', message } })
    await eventually(
      async () => JSON.stringify(await rowsOf(staff)),
      (rows) => rows.includes(`"own_message":"${message}"`),
    )
  }

  test('R70 R72 it is on for staff alone: others are not here, and nothing of ours is there for them', async () => {
    const [ada, viewer] = [await place.person('provider', 1), await place.person('client', 1)]
    const written = await rowsOf(ada)
    const office = await place.connect(staff)
    expect(await office.ask('watch', { users: [ada.id, staff.id] })).toMatchObject({ ok: true })
    const phone = await place.connect(ada, {}, false)
    expect(await phone.ask('watch', { users: [staff.id] })).toMatchObject({
      ok: false,
      error: { code: 'SWITCHED_OFF', retryable: true },
    })
    expect(await phone.ask('setStatus', { status: 'dnd' })).toMatchObject({ error: { code: 'SWITCHED_OFF' } })
    expect(await phone.ask('watchProviders', {})).toMatchObject({ error: { code: 'SWITCHED_OFF' } })
    expect(await shownTo(staff, ada)).toMatchObject({ online_status: 'offline', last_seen: null, show_status: true })
    expect(await shownTo(staff, staff)).toMatchObject({ online_status: 'online' })
    expect((await place.http(`/api/users/presence/${staff.id}`, { as: viewer })).body.code).toBe('NOT_FOUND')
    // Searches answer everybody the same.
    expect((await place.http('/api/providers', { as: staff })).body.code).toBe('NOT_FOUND')
    expect(isGreeted(phone)).toBe(false)
    expect(newsOf(office, ada)).toEqual([])
    phone.leave()
    await untilWritten()
    expect(await rowsOf(ada)).toEqual(written)
  })

  test('R70 while a percentage grows, whoever has it keeps it', async () => {
    flags.set(staffAnd(30))
    const office = await place.connect(staff)
    const people = await Promise.all(Array.from({ length: 20 }, (_one, i) => place.person('provider', i)))
    await office.ask('watch', { users: people.map(({ id }) => id) })
    await eventually(
      () => Promise.all(people.map(async ({ id }) => place.server.presence.verbs.isOn(id))),
      (on) => on.includes(true),
    )
    const clients = await Promise.all(people.map((person) => place.connect(person, {}, false)))
    const had = people.filter((_person, i) => isGreeted(clients[i] as Client))
    expect(had.length).toBeGreaterThan(0)
    expect(had.length).toBeLessThan(20)
    office.forget()
    const before = office.heard.length
    flags.set(staffAnd(100))
    await eventually(
      async () => clients.filter(isGreeted).length,
      (greeted) => greeted === 20,
    )
    const ids = new Set(had.map(({ id }) => id))
    const news = office.heard.slice(before).filter(([, payload]) => ids.has(String(payload?.['userId'])))
    expect(news).toEqual([])
    for (const person of people) expect((await shownTo(staff, person)).online_status).toBe('online')
  })

  test('R70 it is on city by city', async () => {
    const people = await Promise.all(Array.from({ length: 30 }, (_one, i) => place.person('provider', i)))
    const cities = await Promise.all(
      people.map(async ({ id }) => (await place.http(`/api/providers/${id}`)).body.city_id as number),
    )
    const city = cities[0]
    const elsewhere = people.find((_person, i) => cities[i] !== city) as Person
    flags.set({ if: [STAFF, 'on', { if: [{ '==': [{ var: 'city' }, city] }, 'on', 'off'] }] })
    await untilOn(people[0] as Person, true)
    const here = await place.connect(people[0] as Person)
    const there = await place.connect(elsewhere, {}, false)
    expect([isGreeted(here), isGreeted(there)]).toEqual([true, false])
    expect((await shownTo(staff, people[0] as Person)).online_status).toBe('online')
    expect((await shownTo(staff, elsewhere)).online_status).toBe('offline')
  })

  test('R71 switched off by a file that is edited, people are gone for watchers at once, and back without reconnecting', async () => {
    const ada = await place.person('provider', 3)
    flags.set(staffAnd(100))
    await untilOn(ada, true)
    const office = await place.connect(staff)
    await office.ask('watch', { users: [ada.id] })
    const { providers } = (await office.ask('watchProviders', { limit: 100 })) as { providers: { id: string }[] }
    expect(providers.length).toBeGreaterThan(0)
    const phone = await place.connect(ada)
    await phone.ask('watch', { users: [staff.id] })
    await office.hears('presenceUpdate', { userId: ada.id, status: 'online' })
    office.forget()
    phone.forget()
    const before = office.heard.length

    flags.set(staffAnd(0))
    await office.hears('presenceUpdate', { userId: ada.id, status: 'offline', last_seen: null })
    await phone.hears('stale')
    await eventually(
      async () => (await rowsOf(ada)).filter((row) => JSON.stringify(row).includes('"is_active":true')),
      (active) => active.length === 0,
    )
    await untilWritten()
    const events = office.heard
      .slice(before)
      .filter(([event, payload]) => event !== 'providersDiff' && payload?.['userId'] === ada.id)
    expect(events.map(([event]) => event)).toEqual(['userOffline', 'presenceUpdate'])
    expect(phone.socket.connected).toBe(true)
    expect(await shownTo(staff, ada)).toEqual({
      userId: ada.id,
      online_status: 'offline',
      last_seen: null,
      show_status: true,
    })

    // Whatever they do, nothing is written.
    const written = await rowsOf(ada)
    phone.socket.emit('activity')
    await phone.ask('setStatus', { status: 'dnd', message: 'on a roof' })
    await place.http('/api/users/presence/status', { method: 'PATCH', as: ada, json: { status: 'away' } })
    const tablet = await place.connect(ada, {}, false)
    tablet.leave()
    await untilWritten()
    expect(await rowsOf(ada)).toEqual(written)
    expect(office.heard.slice(before).filter(([, payload]) => payload?.['userId'] === ada.id)).toHaveLength(2)

    flags.set(staffAnd(100))
    await office.hears('presenceUpdate', { userId: ada.id, status: 'online' })
    await phone.hears('selfPresence', { online_status: 'online' })
    await phone.hears('resync')
    expect(await phone.ask('watch', { users: [staff.id] })).toMatchObject({
      ok: true,
      presences: [{ online_status: 'dnd' }],
    })
    phone.leave()
    await office.hears('userOffline', { userId: ada.id })
    await eventually(
      async () => (await rowsOf(ada)).filter((row) => (row as { of: string }).of === 'session'),
      (sessions) => sessions.length === 2,
    )
  })

  test('R71 the switch for everybody takes everybody back, and tells it those, too, for whom it is off', async () => {
    const [ada, viewer] = [await place.person('provider', 4), await place.person('client', 2)]
    flags.set('on')
    await eventually(
      async () => (await place.http('/api/providers')).status,
      (status) => status === 200,
    )
    const phone = await place.connect(ada)
    const watcher = await place.connect(viewer)
    await watcher.ask('watch', { users: [ada.id] })
    watcher.forget()
    flags.set('off')
    await watcher.hears('userOffline', { userId: ada.id })
    await watcher.hears('presenceUpdate', { userId: ada.id, status: 'offline', last_seen: null })
    expect(await watcher.ask('watch', { users: [ada.id] })).toMatchObject({ error: { code: 'SWITCHED_OFF' } })
    await eventually(
      async () => (await place.http(`/api/users/presence/${ada.id}`, { as: viewer })).status,
      (status) => status === 404,
    )
    flags.set('on')
    await watcher.hears('resync')
    expect(await watcher.ask('watch', { users: [ada.id] })).toMatchObject({ presences: [{ online_status: 'online' }] })
    watcher.forget()
    phone.leave()
    await watcher.hears('userOffline', { userId: ada.id })
  })

  test('R71 whoever is not here and switched off is remembered by nobody, and nothing is written for it', async () => {
    const ada = await place.person('provider', 5)
    flags.set(staffAnd(100))
    await untilOn(ada, true)
    const phone = await place.connect(ada)
    phone.leave()
    await eventually(
      () => shownTo(staff, ada),
      ({ online_status, last_seen }) => online_status === 'offline' && last_seen !== null,
    )
    await eventually(
      async () => JSON.stringify(await rowsOf(ada)),
      (rows) => rows.includes('"public_status":"offline"') && rows.includes('"is_active":false'),
    )
    const written = await rowsOf(ada)
    flags.set(staffAnd(0))
    await eventually(
      () => shownTo(staff, ada),
      ({ last_seen }) => last_seen === null,
    )
    expect(await rowsOf(ada)).toEqual(written)
    flags.set(staffAnd(100))
    await eventually(
      () => shownTo(staff, ada),
      ({ last_seen }) => last_seen !== null,
    )
  })
})

test('R73 flags that cannot be used are refused at the start, with a sentence', async () => {
  const flags = createFlagFile('on')
  const start = () => startMarketplace({ PRESENCE_FLAGS_FILE: flags.path })
  flags.write('{ "flags": ')
  await expect(start()).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/flag file .* no flagd definition/),
  })
  flags.write('{ "flags": {} }')
  await expect(start()).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/no flag presence/),
  })
  flags.remove()
  await expect(start()).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/cannot be read/),
  })
})
