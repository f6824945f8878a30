import { afterEach, beforeEach, expect, test } from 'vitest'
import { backfillPresence } from '../../src/backfill-command.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import { createFlagFile, type FlagFile, staffAnd } from '../support/flag-file.ts'
import { eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

const LOGIN = new Date(Date.now() - 3_600_000).toISOString()

let flags: FlagFile
let place: Marketplace
let staff: Person

beforeEach(async () => {
  flags = createFlagFile(staffAnd(0))
  place = await startMarketplace({ PRESENCE_FLAGS_FILE: flags.path, PRESENCE_PROJECT_EVERY_MS: '20' })
  staff = await place.person('staff')
  await place.database.sequelize.query('alter table users add column last_login_at timestamptz')
  await place.database.sequelize.query('update users set last_login_at = $1, last_activity = null', { bind: [LOGIN] })
  // Listed, and never here.
  await place.database.sequelize.query(`
    update porchlight_presence set last_seen = null, last_activity = null, own_last_seen = null, kept_last_seen = null,
      kept_activity = null, public_last_seen = null, public_activity = null`)
})
afterEach(async () => {
  await place.stop()
  flags.remove()
})

function fill(): Promise<string> {
  const { sequelize } = place.database
  const settings = { from: 'last_login_at', batch: '1000', pause: '0', maxLag: '10' }
  const tells = { progress: () => {}, say: () => {}, signal: new AbortController().signal }
  return backfillPresence({ sequelize, usersTable: 'users', idColumn: 'id', userId: uuidIds }, settings, tells)
}

const shownTo = async (viewer: Person, { id }: Person) =>
  (await place.http(`/api/users/presence/${id}`, { as: viewer })).body

test('R57 R71 R72 what is filled in of whoever is out of the rollout is shown once they are in it', async () => {
  const [ada, ben] = [await place.person('provider', 1), await place.person('client', 1)]
  const office = await place.connect(staff)
  await office.ask('watch', { users: [ada.id] })
  // As without presence, for those who do not have it.
  const routes = async () => [
    (await place.http(`/api/providers/${ada.id}`, { as: ben })).body,
    (await place.http('/api/providers', { as: ben })).body,
    (await place.http(`/api/users/presence/${ada.id}`, { as: ben })).body,
  ]
  const before = await routes()
  expect(await fill()).toMatch(/users looked at: the last activity of [1-9][\d,]* were filled in/)
  expect(await routes()).toEqual(before)
  expect(await shownTo(staff, ada)).toMatchObject({ online_status: 'offline', last_seen: null })
  expect(await office.ask('watch', { users: [ada.id] })).toMatchObject({ presences: [{ last_seen: null }] })
  const lately = { last_seen: '1d' }
  expect(await office.ask('watchProviders', lately)).toMatchObject({ ok: true, providers: [] })

  flags.set(staffAnd(100))
  await eventually(
    () => shownTo(staff, ada),
    ({ last_seen }) => last_seen === LOGIN,
  )
  expect(await shownTo(ben, ada)).toMatchObject({ online_status: 'offline', last_seen: LOGIN })
  // The search that is watched above: it has a time in it, and is evaluated anew as that goes by.
  expect(await office.hears('providersDiff')).toMatchObject({ enter: expect.arrayContaining([expect.anything()]) })
  office.leave()
})

test('R13 R57 R71 a backfill brings nothing back of whoever was taken out by the kill switch', async () => {
  const ada = await place.person('provider', 2)
  flags.set(staffAnd(100))
  await eventually(
    async () => place.server.presence.verbs.isOn(ada.id),
    (on) => on,
  )
  const office = await place.connect(staff)
  await office.ask('watch', { users: [ada.id] })
  const phone = await place.connect(ada)
  await office.hears('userOnline', { userId: ada.id })
  flags.set(staffAnd(0))
  await office.hears('presenceUpdate', { userId: ada.id, status: 'offline', last_seen: null })
  const stored = async () =>
    JSON.stringify(
      (
        await place.database.sequelize.query('select * from porchlight_presence where user_id = $1', { bind: [ada.id] })
      )[0],
    )
  const written = await eventually(
    stored,
    (row) => !row.includes('"version":"0"') && row.includes('"status":"offline"'),
  )
  await fill()
  expect(await stored()).toBe(written)
  phone.leave()
  flags.set(staffAnd(100))
  await eventually(
    async () => place.server.presence.verbs.isOn(ada.id),
    (on) => on,
  )
  expect(await shownTo(staff, ada)).toMatchObject({ online_status: 'offline', last_seen: null })
  office.leave()
})

test('R57 R71 whoever stood by while it was filled in is here when they are let in, and leaves as anybody', async () => {
  const ada = await place.person('provider', 3)
  const office = await place.connect(staff)
  await office.ask('watch', { users: [ada.id] })
  const phone = await place.connect(ada, {}, false)
  await fill()
  flags.set(staffAnd(100))
  await office.hears('presenceUpdate', { userId: ada.id, status: 'online' })
  phone.leave()
  await office.hears('userOffline', { userId: ada.id })
  const { last_seen } = await eventually(
    () => shownTo(staff, ada),
    (shown) => shown.online_status === 'offline',
  )
  expect(Date.parse(last_seen)).toBeGreaterThan(Date.parse(LOGIN))
  office.leave()
})
