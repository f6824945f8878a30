import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PresenceClient, ProviderSearch, ProviderSearchState } from '../../src/client/index.ts'
import type { PresenceInfo, ProviderCard, ProviderWatchRequest } from '../../src/protocol/index.ts'
import { type Browser, FAST, openBrowser, type Tab } from '../support/browser.ts'
import { startCuttableProxy } from '../support/cuttable-proxy.ts'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { until } from '../support/until.ts'

/** Who is there now, whoever they are. */
const PRESENT: ProviderWatchRequest = { online_status: ['online', 'away', 'dnd'], limit: 5 }

let market: Marketplace
let marta: Person
let luc: Person
let paul: Person
const browsers: Browser[] = []
const people: Client[] = []
const endings: (() => unknown)[] = []

beforeAll(async () => {
  market = await startMarketplace({
    PRESENCE_GRACE_MS: '300',
    PRESENCE_RATE_LIMIT: 'off',
    PRESENCE_LIVE_SEARCH_EVERY_MS: '50',
    PRESENCE_MAX_WATCHED_SEARCHES: '2',
  })
  marta = await market.person('provider', 0)
  luc = await market.person('provider', 1)
  paul = await market.person('client', 0)
})
afterEach(async () => {
  for (const browser of browsers.splice(0)) browser.close()
  for (const client of people.splice(0)) client.leave()
  await market.untilConnections(0)
  for (const end of endings.splice(0)) await end()
})
afterAll(() => market.stop())

describe('a watched search', () => {
  test('R40 R41 shows who is found, then who enters, changes and leaves, and its cards agree with all other dots', async () => {
    const provider = await arrive(marta)
    const { client } = await liveTab(paul)
    const search = watch(client, PRESENT)
    expect(search.get()).toMatchObject({ status: 'loading', providers: [], counts: null })
    await until(search, ({ status, providers }) => status === 'live' && is(providers, [marta]))
    expect(search.get().providers[0]).toMatchObject({ name: marta.name, is_online: true })
    // Nobody watches her, and still she is known.
    expect(client.get(marta.id)).toMatchObject({ status: 'online', stale: false })

    const [card] = search.get().providers
    const second = await arrive(luc)
    await until(search, ({ providers }) => is(providers, [marta, luc]))
    expect(search.get().providers.find(({ presence }) => presence.userId === marta.id)).toBe(card)
    await second.ask('setStatus', { status: 'dnd', message: 'in a cellar' })
    await until(search, ({ providers }) => of(providers, luc)?.custom_message === 'in a cellar')
    expect(client.get(luc.id)).toMatchObject({ status: 'dnd', message: 'in a cellar' })
    await second.ask('setStatus', { status: 'online', message: null })
    second.leave()
    await until(search, ({ providers, counts }) => is(providers, [marta]) && counts?.dnd === 0)
    expect(search.get().providers[0]).toBe(card)
    await agrees(search)
    provider.leave()
    await until(search, ({ providers }) => providers.length === 0)
  })

  test('R40 is one for all who read it, and ended with the last of them', async () => {
    const browser = openBrowser(market.url)
    const { client } = await liveTab(paul, browser)
    const first = watch(client, { online_status: 'online,away,dnd', limit: 5 })
    const second = watch(client, { limit: '5', online_status: ['dnd', 'away', 'online'] })
    await until(second, ({ status }) => status === 'live')
    expect(first.get()).toBe(second.get())
    let told = 0
    first.subscribe(() => {
      told += 1
    })
    first.close()
    first.close()
    // A component that is taken away and put back at once.
    second.close()
    const third = watch(client, PRESENT)
    await arrive(marta)
    await until(third, ({ providers }) => is(providers, [marta]))
    expect(told).toBe(0)
    expect(said(browser)).toEqual(['watchProviders'])
    third.close()
    await eventually(
      async () => said(browser),
      ({ length }) => length > 1,
    )
    expect(said(browser)).toEqual(['watchProviders', 'unwatch'])
  })

  test('R44 R45 is stale as soon as the connection is lost, keeps what it shows, and is right again after it', async () => {
    await arrive(marta)
    const proxy = await startCuttableProxy(Number(new URL(market.url).port))
    endings.push(proxy.stop)
    const { client } = await liveTab(paul, openBrowser(`http://127.0.0.1:${proxy.port}`))
    const search = watch(client, PRESENT)
    await until(search, ({ providers }) => is(providers, [marta]))
    const before = search.get()
    proxy.cut()
    await until(client.connection, ({ state }) => state !== 'live')
    expect(search.get()).toEqual({ ...before, status: 'stale' })
    expect(search.get().providers).toBe(before.providers)
    await arrive(luc)
    proxy.mend()
    await until(search, ({ status }) => status === 'live')
    await until(search, ({ providers }) => is(providers, [marta, luc]))
    await agrees(search)
  })

  test.each([
    ['R43 the server says that news was dropped', () => market.server.io.emit('resync'), false],
    ['R45 the server says that it is not sure', () => market.server.io.emit('stale'), true],
    ['R41 a change was missed', (watch_id: string) => market.server.io.emit('providersDiff', gap(watch_id)), true],
  ])('%s: it is asked for anew', async (_why, happens, doubted) => {
    await arrive(marta)
    const browser = openBrowser(market.url)
    const { client } = await liveTab(paul, browser)
    const search = watch(client, PRESENT)
    const ids: string[] = []
    browser.sockets[0]?.on('providersDiff', ({ watch_id }: { watch_id: string }) => ids.push(watch_id))
    await until(search, ({ status, providers }) => status === 'live' && is(providers, [marta]))
    await arrive(luc)
    await until(search, ({ providers }) => is(providers, [marta, luc]))
    const statuses: string[] = []
    search.subscribe(() => statuses.push(search.get().status))
    const { providers } = search.get()
    happens(ids[0] ?? '')
    await eventually(
      async () => said(browser).length,
      (count) => count === 2,
    )
    await until(search, ({ status }) => status === 'live')
    if (doubted) expect(statuses[0]).toBe('stale')
    await until(search, ({ providers: now }) => is(now, [marta, luc]))
    expect(search.get().providers.map((card) => providers.includes(card))).toEqual([true, true])
    await agrees(search)
  })

  test('R52 R53 says why it is refused, and comes when there is room', async () => {
    const { client } = await liveTab(paul)
    const impossible = watch(client, { city_id: 'the moon' })
    await until(impossible, ({ status }) => status === 'failed')
    expect(impossible.get().error).toMatchObject({ name: 'RequestError', code: 'INVALID_QUERY', retryable: false })
    const [first, second] = [watch(client, PRESENT), watch(client, { limit: 1 })]
    await until(first, ({ status }) => status === 'live')
    await until(second, ({ status }) => status === 'live')
    const third = watch(client, { limit: 2 })
    await until(third, ({ status }) => status === 'failed')
    expect(third.get().error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    first.close()
    await until(third, ({ status, error, providers }) => status === 'live' && error === null && providers.length === 2)
  })

  test('waits for a connection, and for the next one after it was closed', async () => {
    await arrive(marta)
    const browser = openBrowser(market.url)
    const { client } = await liveTab(paul, browser)
    client.close()
    const search = watch(client, PRESENT)
    expect(search.get().status).toBe('loading')
    client.connect()
    await until(search, ({ status, providers }) => status === 'live' && is(providers, [marta]))
    client.close()
    expect(search.get()).toMatchObject({ status: 'stale' })
    expect(is(search.get().providers, [marta])).toBe(true)
    client.connect()
    await until(search, ({ status }) => status === 'live')
  })
})

describe('tabs of one browser', () => {
  test('R40 share one watch, and one that comes later is told at once', async () => {
    await arrive(marta)
    const browser = openBrowser(market.url)
    const [first, second] = [await liveTab(paul, browser), await liveTab(paul, browser)]
    const here = watch(second.client, PRESENT)
    await until(here, ({ providers }) => is(providers, [marta]))
    const there = watch(first.client, PRESENT)
    await until(there, ({ status, providers }) => status === 'live' && is(providers, [marta]))
    const third = await liveTab(paul, browser)
    const last = watch(third.client, { ...PRESENT, limit: '5' })
    await until(last, ({ status, providers }) => status === 'live' && is(providers, [marta]))
    expect(said(browser)).toEqual(['watchProviders'])

    const [card] = last.get().providers
    await arrive(luc)
    for (const search of [here, there, last]) await until(search, ({ providers }) => is(providers, [marta, luc]))
    expect(last.get().providers.includes(card as ProviderCard)).toBe(true)
    expect(third.client.get(luc.id)).toMatchObject({ status: 'online', stale: false })

    // Whoever dies wants nothing any more, and whoever is left goes on.
    here.close()
    third.crash()
    there.close()
    await eventually(
      async () => said(browser).length,
      (count) => count === 2,
    )
    expect(said(browser)).toEqual(['watchProviders', 'unwatch'])
  })

  test('R52 are told together why it is refused, also whoever comes later', async () => {
    const browser = openBrowser(market.url)
    const here = watch((await liveTab(paul, browser)).client, { city_id: 'the moon' })
    await until(here, ({ status }) => status === 'failed')
    const there = watch((await liveTab(paul, browser)).client, { city_id: 'the moon' })
    await until(there, ({ status }) => status === 'failed')
    expect(there.get().error).toMatchObject({ name: 'RequestError', code: 'INVALID_QUERY', retryable: false })
    expect(said(browser)).toEqual(['watchProviders'])
  })

  test.each([
    ['dies', (tab: Tab) => tab.crash()],
    ['closes', (tab: Tab) => tab.client.close()],
    ['hangs', (tab: Tab) => tab.hang()],
  ])('R44 R45 watch anew when the tab that leads %s, and end at the truth', async (_how, ends) => {
    await arrive(marta)
    const browser = openBrowser(market.url, FAST)
    const [first, second] = [await liveTab(paul, browser), await liveTab(paul, browser)]
    const search = watch(second.client, PRESENT)
    await until(search, ({ providers }) => is(providers, [marta]))
    const [card] = search.get().providers
    const shown: string[] = []
    search.subscribe(() => shown.push(`${search.get().status} ${search.get().providers.length}`))
    ends(first)
    await arrive(luc)
    await until(search, ({ status, providers }) => status === 'live' && is(providers, [marta, luc]))
    expect(shown[0]).toBe('stale 1')
    expect(shown.filter((what) => what.endsWith(' 0'))).toEqual([])
    expect(search.get().providers.includes(card as ProviderCard)).toBe(true)
    // What the one that hung said meanwhile counts no more.
    first.wake()
    await agrees(search)
    expect(browser.connected()).toBe(1)
  })
})

/** Something that cannot follow: a number was left out. */
const gap = (watch_id: string) => ({
  watch_id,
  seq: 1_000,
  enter: [],
  leave: [],
  change: [],
  counts: { online: 0, away: 0, dnd: 0 },
  next_cursor: null,
  as_of: null,
  stale: false,
})

/** What was sent about searches, by event. */
const said = ({ sent }: Browser): string[] =>
  sent.map(([event]) => event).filter((event) => event === 'watchProviders' || event === 'unwatch')

const is = (providers: readonly ProviderCard[], who: readonly Person[]): boolean =>
  providers
    .map(({ presence }) => presence.userId)
    .toSorted()
    .join() ===
  who
    .map(({ id }) => id)
    .toSorted()
    .join()

const of = (providers: readonly ProviderCard[], { id }: Person): PresenceInfo | undefined =>
  providers.find(({ presence }) => presence.userId === id)?.presence

/** Waits until it shows what a plain search finds; what only time words is left aside. */
async function agrees(search: ProviderSearch): Promise<void> {
  const words = ({ providers, counts }: Pick<ProviderSearchState, 'providers' | 'counts'>): string =>
    JSON.stringify([providers.map((card) => ({ ...card, last_seen_text: '' })), counts])
  await eventually(
    async () => (await market.http('/api/providers?online_status=online,away,dnd&limit=5')).body,
    (body) => words(body as ProviderSearchState) === words(search.get()),
  )
}

const watch = (client: PresenceClient, query: ProviderWatchRequest): ProviderSearch => client.watchProviders(query)

async function liveTab(person: Person, browser = openBrowser(market.url)): Promise<Tab> {
  browsers.push(browser)
  const tab = browser.open(person)
  await until(tab.client.connection, ({ state }) => state === 'live')
  return tab
}

async function arrive(person: Person): Promise<Client> {
  const client = await market.connect(person)
  people.push(client)
  return client
}
