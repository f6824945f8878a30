import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { freshSearch, untilFresh, type WatchedSearch, watchSearch } from '../support/watched-search.ts'

let market: Marketplace
let ana: Person
/** The city that most providers of the demo live in, and one more. */
let city: string
let elsewhere: string
/** Providers of the city, as a search finds them while nobody is here. */
let ids: string[]

beforeEach(async () => {
  market = await startMarketplace({
    PRESENCE_LIVE_SEARCH_EVERY_MS: '100',
    PRESENCE_RATE_LIMIT: 'off',
    // Nothing heals by itself within a test.
    PRESENCE_RECONCILE_MS: '600000',
  })
  ana = await market.person('client')
  const { body } = await market.http('/api/providers?limit=100')
  const cities: number[] = body.providers.map(({ city_id }: { city_id: number }) => city_id)
  const often = (id: number) => cities.filter((other) => other === id).length
  const [most, second] = [...new Set(cities)].toSorted((a, b) => often(b) - often(a))
  city = String(most)
  elsewhere = String(second)
  ids = await listed({ city_id: city })
})
afterEach(() => market.stop())

const listed = async (query: Record<string, string>): Promise<string[]> => {
  const { body } = await market.http(`/api/providers?${new URLSearchParams({ limit: '100', ...query })}`)
  return body.providers.map(({ presence }: { presence: { userId: string } }) => presence.userId)
}
const arrive = (id: string) => market.server.presence.service.setUserOnline(id, `phone of ${id}`)
const leave = (id: string) => market.server.presence.service.setUserOffline(id, `phone of ${id}`)
const viewer = (auth: Record<string, unknown> = {}): Promise<Client> => market.connect(ana, auth)
const watch = async (request: WatchedSearch['request']): Promise<WatchedSearch> => watchSearch(await viewer(), request)
const tokenOf = async (id: string): Promise<string> =>
  (await market.http('/api/demo/login', { method: 'POST', json: { user_id: id } })).body.token
const metric = async (name: string): Promise<number> =>
  Number(new RegExp(`^porchlight_${name} (\\d+)$`, 'm').exec(String((await market.http('/metrics')).body))?.[1])

/** Waits until nothing more is computed: what was heard so far has had its consequences. */
async function quiet(): Promise<void> {
  let runs = -1
  let since = Date.now()
  await eventually(
    () => metric('live_search_runs_total'),
    (now) => {
      if (now !== runs) since = Date.now()
      runs = now
      return Date.now() - since > 1_000
    },
  )
}

describe('a watched search', () => {
  test('R41 is answered by what a fresh one gives, and is told in order what becomes of it', async () => {
    const search = await watch({ city_id: city, limit: 3 })
    expect(search.shown()).toEqual(await freshSearch(market, search.request))
    const [, , third = ''] = search.ids()
    await arrive(third)
    await eventually(
      async () => search.diffs.at(0),
      (diff) => diff !== undefined,
    )
    // At first where they stand; when the search knows, too, they move.
    expect(search.diffs[0]).toMatchObject({ seq: 1, enter: [], leave: [], change: [{ is_online: true }], stale: false })
    expect(search.diffs[0]).not.toHaveProperty('order')
    await eventually(
      async () => search.ids()[0],
      (id) => id === third,
    )
    await untilFresh(market, search)
    const outside = ids.find((id) => !search.ids().includes(id)) ?? ''
    await arrive(outside)
    await eventually(
      async () => search.ids(),
      (shown) => shown.includes(outside),
    )
    const diff = search.diffs.find(({ enter }) => enter.length > 0)
    expect(diff).toMatchObject({ enter: [{ id: outside }], counts: { online: 2, away: 0, dnd: 0 } })
    expect(diff?.leave).toHaveLength(1)
    expect(diff?.order).toContain(outside)
    await leave(third)
    await leave(outside)
    await eventually(
      async () => JSON.stringify(search.shown().counts),
      (counts) => counts === JSON.stringify({ online: 0, away: 0, dnd: 0 }),
    )
    await untilFresh(market, search)
    expect(search.isBroken()).toBe(false)
  })

  test('R41 whoever joins while something is about to be told has it from the answer, and is not told it again', async () => {
    const first = await watch({ city_id: city })
    const client = await viewer()
    for (const ben of ids.slice(0, 5)) {
      await arrive(ben)
      const second = await watchSearch(client, { city_id: city })
      await untilFresh(market, second)
      expect(second.isBroken()).toBe(false)
      await client.ask('unwatch')
    }
    expect(first.isBroken()).toBe(false)
  })

  test('is one for all who watch the same, however they write it, and computed once', async () => {
    const a = await watch({ city_id: city, online_status: 'online,away', name: 'a', limit: 5 })
    const before = await metric('live_search_runs_total')
    const b = await watch({ city_id: Number(city), online_status: ['away', 'online'], name: ' Á ', limit: '5' })
    const again = await watchSearch(await viewer({ format: 'diff' }), b.request)
    expect(new Set([a, b, again].map(({ watchId }) => watchId)).size).toBe(1)
    expect([await metric('live_search_runs_total'), await metric('live_searches')]).toEqual([before, 1])
    const [named = ''] = await listed({ city_id: city, name: 'a' })
    await arrive(named)
    for (const search of [a, b, again])
      await eventually(
        async () => search.ids(),
        (shown) => shown.includes(named),
      )
    expect(b.diffs).toEqual(a.diffs)
    expect(again.diffs).toEqual(a.diffs)
  })

  test('R40 costs nothing when something happens elsewhere, or to somebody who is no provider', async () => {
    const here = await watch({ city_id: city })
    await quiet()
    const runs = await metric('live_search_runs_total')
    for (const id of (await listed({ city_id: elsewhere })).slice(0, 3)) await arrive(id)
    const client = await market.connect(await market.person('client', 7))
    client.leave()
    await quiet()
    expect(await metric('live_search_runs_total')).toBe(runs)
    expect(here.diffs).toEqual([])
    expect(here.shown()).toEqual(await freshSearch(market, here.request))
  })

  test('R14 R31 what a hidden provider does is no news, and neither is activity', async () => {
    const [hidden = '', active = ''] = ids
    const as = { id: hidden, name: '', token: await tokenOf(hidden) }
    await market.http('/api/users/presence/settings', { method: 'PATCH', as, json: { show_online_status: false } })
    await arrive(active)
    const search = await watch({ city_id: city, limit: 100 })
    await untilFresh(market, search)
    await quiet()
    const { length } = search.diffs
    const runs = await metric('live_search_runs_total')
    const phone = await market.connect(as)
    await market.http('/api/users/presence/status', { method: 'PATCH', as, json: { status: 'dnd', message: 'hi' } })
    for (let i = 0; i < 5; i += 1) await market.server.presence.service.updateLastActivity(active)
    phone.leave()
    await quiet()
    expect(search.diffs).toHaveLength(length)
    expect(await metric('live_search_runs_total')).toBe(runs)
    expect(search.shown()).toEqual(await freshSearch(market, search.request))
  })

  test('R30 R32 hiding is told before it is acknowledged, counts included', async () => {
    const [shy = '', other = ''] = ids
    const as = { id: shy, name: '', token: await tokenOf(shy) }
    await arrive(shy)
    await arrive(other)
    const client = await viewer()
    const all = await watchSearch(client, { city_id: city, limit: 100 })
    const online = await watchSearch(client, { city_id: city, online_status: 'online' })
    for (const search of [all, online])
      await eventually(
        async () => search.shown().counts,
        (counts) => 'online' in counts && counts.online === 2,
      )
    await market.http('/api/users/presence/settings', { method: 'PATCH', as, json: { show_online_status: false } })
    // Whatever was written to this connection before the answer is here once this is.
    await client.ask('activity')
    expect(online.ids()).toEqual([other])
    const card = all.shown().cards.find((one) => 'id' in one && one.id === shy)
    expect(card).toMatchObject({ presence: { online_status: 'offline', last_seen: null, show_status: true } })
    for (const search of [all, online]) expect(search.shown().counts).toEqual({ online: 1, away: 0, dnd: 0 })
    for (const search of [all, online]) await untilFresh(market, search)
    await market.http('/api/users/presence/settings', { method: 'PATCH', as, json: { show_online_status: true } })
    await eventually(
      async () => online.ids(),
      (shown) => shown.includes(shy),
    )
    for (const search of [all, online]) await untilFresh(market, search)
  })

  test('moves when time alone moves it', async () => {
    const [early = '', late = ''] = ids
    await arrive(early)
    await leave(early)
    market.advance(30_000)
    await arrive(late)
    await leave(late)
    const search = await watch({ city_id: city, last_seen: '1m' })
    await eventually(
      async () => search.ids(),
      (shown) => shown.length === 2,
    )
    market.advance(40_000)
    await eventually(
      async () => search.ids(),
      (shown) => shown.join() === late,
    )
    await untilFresh(market, search)
  })

  test('R41 R46 who moves to another city, or is deleted, is gone from lists and counts that do not show them, too', async () => {
    const { sequelize } = market.database
    const { directoryChanged } = market.server.presence
    const all = ids.slice(0, 3)
    for (const id of all) await arrive(id)
    const [here, there] = [await watch({ city_id: city, limit: 1 }), await watch({ city_id: elsewhere, limit: 100 })]
    const counts = (search: WatchedSearch) => async () => (search.shown().counts as { online: number }).online
    await eventually(counts(here), (online) => online === 3)
    await untilFresh(market, here)
    const [unseen = '', other = ''] = all.filter((id) => !here.ids().includes(id))

    await sequelize.query('update providers set city_id = $2 where user_id = $1', { bind: [unseen, elsewhere] })
    await directoryChanged([unseen])
    await eventually(counts(here), (online) => online === 2)
    await eventually(
      async () => there.ids(),
      (shown) => shown.includes(unseen),
    )
    for (const search of [here, there]) await untilFresh(market, search)

    await sequelize.query('delete from providers where user_id = $1', { bind: [other] })
    await directoryChanged([other])
    await eventually(counts(here), (online) => online === 1)
    const [shown = ''] = here.ids()
    await sequelize.query('delete from users where id = $1', { bind: [shown] })
    await directoryChanged([shown])
    await eventually(
      async () => here.ids(),
      (now) => !now.includes(shown),
    )
    for (const search of [here, there]) await untilFresh(market, search)
  })

  test('ends when it is told to, and with its connection; what else is watched goes on', async () => {
    const client = await viewer()
    const one = await watchSearch(client, { city_id: city })
    const two = await watchSearch(client, { city_id: city, limit: 50 })
    const [ben = ''] = ids
    await client.ask('watch', { users: [ben] })
    expect(await client.ask('unwatch', { watch_id: one.watchId })).toEqual({ ok: true })
    expect(await client.ask('unwatch', { watch_id: 'what is that' })).toEqual({ ok: true })
    expect(await metric('live_searches')).toBe(1)
    await arrive(ben)
    await client.hears('userOnline', { userId: ben })
    await eventually(
      async () => two.diffs.length,
      (length) => length > 0,
    )
    expect(one.diffs).toEqual([])
    await client.ask('unwatch')
    expect(await metric('live_searches')).toBe(0)
    const told = two.diffs.length
    const other = await watch({ city_id: city })
    await leave(ben)
    await quiet()
    expect(other.diffs.length).toBeGreaterThan(0)
    expect(two.diffs).toHaveLength(told)
    market.dropConnections()
    await eventually(
      () => metric('live_searches'),
      (left) => left === 0,
    )
  })

  test('R41 who begins to watch while somebody is not stored yet, and nobody watched before, hears of them, too', async () => {
    const [ben = ''] = ids
    await arrive(ben)
    const search = await watch({ city_id: city, online_status: 'online' })
    await eventually(
      async () => search.ids(),
      (shown) => shown.join() === ben,
    )
  })
})

describe('what cannot be watched', () => {
  test('R53 more searches than a connection may have', async () => {
    const client = await viewer()
    const ask = (limit: number) => client.ask('watchProviders', { city_id: city, limit })
    for (let limit = 1; limit <= 10; limit += 1) expect(await ask(limit)).toMatchObject({ ok: true })
    const error = { code: 'LIMIT_EXCEEDED', retryable: false }
    expect(await ask(11)).toMatchObject({ ok: false, error })
    // The same again is the same watch; and one that ended makes room.
    const tenth = await ask(10)
    expect(tenth).toMatchObject({ ok: true })
    await client.ask('unwatch', { watch_id: tenth['watch_id'] })
    // Many at once are no way around it.
    const many = await Promise.all([21, 22, 23, 24].map(ask))
    expect(many.filter(({ ok }) => ok === true)).toHaveLength(1)
    await eventually(
      () => metric('live_searches'),
      (count) => count === 10,
    )
  })

  test('R52 what makes no sense', async () => {
    const client = await viewer()
    const nonsense: [payload: unknown, code: string][] = [
      [undefined, 'INVALID_PAYLOAD'],
      ['everything', 'INVALID_PAYLOAD'],
      [{ city_id: {} }, 'INVALID_PAYLOAD'],
      [{ city_id: 'Lyon' }, 'INVALID_QUERY'],
      [{ city_id: 1.5 }, 'INVALID_QUERY'],
      [{ online_status: ['here'] }, 'INVALID_QUERY'],
      [{ cursor: 'aAAAAAAAA' }, 'INVALID_QUERY'],
      [{ name: 'x'.repeat(70_000) }, 'PAYLOAD_TOO_LARGE'],
    ]
    for (const [payload, code] of nonsense) {
      const error = { code, retryable: false }
      expect(await client.ask('watchProviders', payload)).toMatchObject({ ok: false, error })
    }
    expect(await metric('live_searches')).toBe(0)
  })
})

test('R43 a watcher that does not read costs little memory, and reads anew once it can', async () => {
  const slow = await viewer()
  const search = await watchSearch(slow, { city_id: city, limit: 20 })
  const [socket] = market.server.io.of('/').sockets.values()
  const waiting = () => (socket as unknown as { conn: { writeBuffer: unknown[] } }).conn.writeBuffer.length
  const { ws } = slow.socket.io.engine.transport as unknown as { ws: { pause(): void; resume(): void } }
  ws.pause()
  // The network's buffers are larger than all news of a test.
  await eventually(
    async () => socket?.emit('photo', 'x'.repeat(1_000_000)),
    () => waiting() > 0,
  )
  const filled = waiting()
  const watcher = await watch({ city_id: city, limit: 20 })
  const [ben = ''] = ids
  let flips = 0
  while (watcher.diffs.length < 50) {
    const before = watcher.diffs.length
    await (flips++ % 2 === 0 ? arrive(ben) : leave(ben))
    await eventually(
      async () => watcher.diffs.length,
      (length) => length > before,
    )
    expect(waiting() - filled).toBeLessThanOrEqual(33)
  }
  expect(waiting() - filled).toBeGreaterThan(20)
  ws.resume()
  await slow.hears('resync')
  await untilFresh(market, await watchSearch(slow, search.request))
})
