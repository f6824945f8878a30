import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Marketplace, startMarketplace } from '../support/marketplace.ts'

let market: Marketplace

beforeEach(async () => {
  market = await startMarketplace({ PRESENCE_RATE_LIMIT: 'off' })
})
afterEach(() => market.stop())

/** Changes that had to be written and told so far. Rows may be fewer, because they are written in batches. */
async function changes(): Promise<number> {
  const { body } = await market.http('/metrics')
  return Number(/^porchlight_announcements_total (\d+)/m.exec(body)?.[1])
}

test('R12 R22 an hour of constant use is at most 12 rows, and watchers hear no more of it', async () => {
  const ben = await market.person('provider')
  const watching = await market.connect(await market.person('client'))
  const laptop = await market.connect(ben)
  await watching.ask('watch', { users: [ben.id] })
  const atStart = await changes()
  watching.heard.length = 0
  for (let halfMinute = 0; halfMinute < 120; halfMinute += 1) {
    market.advance(30_000)
    await laptop.ask('activity')
    await market.server.presence.service.cleanupInactiveSessions()
  }
  const made = (await changes()) - atStart
  // The watcher is idle meanwhile, which is one more change.
  expect(made).toBeGreaterThan(5)
  expect(made).toBeLessThanOrEqual(12 + 1)
  const events = watching.heard.filter(([, payload]) => payload?.['userId'] === ben.id)
  expect(events.every(([event, payload]) => event === 'presenceUpdate' && payload['status'] === 'online')).toBe(true)
  expect(events.length).toBeLessThanOrEqual(12)
})

test('R14 choosing the same again is no event for watchers', async () => {
  const ben = await market.person('provider')
  const watching = await market.connect(await market.person('client'))
  const laptop = await market.connect(ben)
  await watching.ask('watch', { users: [ben.id] })
  await laptop.ask('setStatus', { status: 'dnd', message: 'Busy' })
  await watching.hears('presenceUpdate', { status: 'dnd' })
  await laptop.ask('setStatus', { status: 'dnd', message: 'Busy' })
  await laptop.ask('setStatus', { status: 'dnd' })
  await laptop.ask('setStatus', { status: 'away' })
  await watching.hears('presenceUpdate', { status: 'away' })
  const statuses = watching.heard.filter(([event]) => event === 'presenceUpdate').map(([, { status }]) => status)
  expect(statuses).toEqual(['dnd', 'away'])
})
