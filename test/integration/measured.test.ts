import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, type Marketplace, startMarketplace } from '../support/marketplace.ts'

const IDLE_AFTER_MS = 300_000

let market: Marketplace
beforeEach(async () => {
  market = await startMarketplace()
})
afterEach(() => market.stop())

/** A sample of Prometheus' text format by its whole name, labels and all; undefined: there is none. */
async function sample(name: string): Promise<number | undefined> {
  const { body } = await market.http('/metrics')
  const line = (body as string).split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

test('requests are measured by their route, and never by whom they were about', async () => {
  const viewer = await market.person('client')
  const { id } = await market.person('provider')
  expect((await market.http(`/api/users/presence/${id}`, { as: viewer })).status).toBe(200)
  expect((await market.http(`/api/users/presence/${id}`)).status).toBe(401)
  await market.http('/api/users/presence/none/of/ours', { as: viewer })
  const count = (route: string, status: number) =>
    sample(`porchlight_request_seconds_count{route="${route}",status="${status}"}`)
  expect(await count('/api/users/presence/:userId', 200)).toBe(1)
  expect(await count('/api/users/presence/:userId', 401)).toBe(1)
  expect((await market.http('/metrics')).body).not.toContain(id)
})

test('events, changes and what is written of them are measured', async () => {
  const [viewer, provider] = [await market.person('client'), await market.person('provider')]
  const watcher = await market.connect(viewer)
  await watcher.ask('watch', { users: [provider.id] })
  const there = await market.connect(provider)
  await watcher.hears('userOnline', { userId: provider.id })
  expect(await sample('porchlight_event_seconds_count{event="watch"}')).toBe(1)
  expect(await sample('porchlight_watched_users')).toBe(1)
  expect(await sample('porchlight_change_delay_seconds_count')).toBeGreaterThan(0)
  expect(await sample('porchlight_store_seconds_count{service="postgres"}')).toBeGreaterThan(0)
  const [updates, frames] = [await sample('porchlight_deliveries_total'), await sample('porchlight_frames_total')]
  expect(frames).toBeGreaterThan(0)
  expect(updates).toBeGreaterThanOrEqual(frames ?? Number.NaN)
  watcher.leave()
  await eventually(
    () => sample('porchlight_watched_users'),
    (users) => users === 0,
  )
  there.leave()
})

test('R21 the lag of the projection is the age of the oldest change that PostgreSQL does not have', async () => {
  const provider = await market.person('provider')
  const { sequelize } = market.database
  const there = await market.connect(provider)
  await sequelize.query('alter table porchlight_presence rename to away')
  market.advance(IDLE_AFTER_MS)
  await there.hears('selfPresence', { online_status: 'away' })
  market.advance(20_000)
  await eventually(
    () => sample('porchlight_projection_lag_seconds'),
    (lag) => (lag ?? 0) >= 20,
  )
  await sequelize.query('alter table away rename to porchlight_presence')
  await eventually(
    () => sample('porchlight_projection_lag_seconds'),
    (lag) => lag === 0,
  )
})
