import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PresenceClientOptions } from '../../src/client/index.ts'
import type { WatchRequest } from '../../src/protocol/index.ts'
import { type Browser, FAST, openBrowser, type Tab } from '../support/browser.ts'
import {
  type Client,
  eventually,
  type Heard,
  type Marketplace,
  type Person,
  startMarketplace,
} from '../support/marketplace.ts'
import { shows, until } from '../support/until.ts'

let market: Marketplace
let marta: Person
let luc: Person
let paul: Person
const browsers: Browser[] = []
const people: Client[] = []

beforeAll(async () => {
  market = await startMarketplace({ PRESENCE_GRACE_MS: '1500', PRESENCE_RATE_LIMIT: 'off' })
  marta = await market.person('provider', 0)
  luc = await market.person('provider', 1)
  paul = await market.person('client', 0)
})
afterEach(async () => {
  for (const browser of browsers.splice(0)) browser.close()
  for (const client of people.splice(0)) client.leave()
  await market.untilConnections(0)
})
afterAll(() => market.stop())

describe('tabs of one browser', () => {
  test('R3 hold one connection and one session, whichever of them closes, and nobody else sees a flicker', async () => {
    const watcher = await arrive(marta)
    const seen = await watching(watcher, paul)
    const browser = openBrowser(market.url)
    const tabs: Tab[] = []
    for (let index = 0; index < 5; index += 1) tabs.push(await liveTab(browser, paul))
    await watcher.hears('presenceUpdate', { userId: paul.id, status: 'online' })
    expect(browser.connected()).toBe(1)
    expect(connectionsOf(market)).toBe(2)
    seen.news()
    const last = tabs.pop()
    for (const [index, tab] of tabs.entries()) {
      // Each of them leads in its turn.
      if (index % 2 === 0) tab.client.close()
      else tab.crash()
      await eventually(
        async () => [browser.sockets.length, browser.connected()],
        ([made, connected]) => made === index + 2 && connected === 1,
      )
    }
    watcher.forget()
    last?.client.close()
    await watcher.hears('presenceUpdate', { userId: paul.id, status: 'offline' })
    // The only news since: no offline and online again in between.
    expect(seen.news().map(([event]) => event)).toEqual(['userOffline', 'presenceUpdate'])
  })

  test('R44 go on with what they know when the leading tab dies: nothing flickers, only what changed comes', async () => {
    const provider = await arrive(marta)
    await arrive(luc)
    const browser = openBrowser(market.url)
    const first = await liveTab(browser, paul)
    const second = await liveTab(browser, paul)
    first.client.watch([marta.id])
    second.client.watch([marta.id, luc.id])
    await shows(second.client, luc.id, { status: 'online' })
    await shows(second.client, marta.id, { status: 'online' })
    const changes: string[] = []
    second.client.onChange(({ userId, after }) => changes.push(`${userId} ${after.status} ${after.stale}`))
    browser.sent.length = 0

    first.crash()
    await provider.ask('setStatus', { status: 'dnd' })
    await shows(second.client, marta.id, { status: 'dnd' })
    expect(changes).toEqual([`${marta.id} dnd false`])
    await provider.ask('setStatus', { status: 'online' })
    const [request] = browser.sent.filter(([event]) => event === 'watch').map(([, payload]) => payload as WatchRequest)
    expect(new Set(request?.users)).toEqual(new Set([marta.id, luc.id]))
    expect(Object.keys(request?.known ?? {}).toSorted()).toEqual([marta.id, luc.id].toSorted())
  })

  test('R40 wish together: one list for all, an answer at once for what is known, and nothing for the dead', async () => {
    await arrive(marta)
    await arrive(luc)
    const browser = openBrowser(market.url)
    const first = await liveTab(browser, paul)
    first.client.watch([marta.id])
    await shows(first.client, marta.id, { status: 'online' })
    const second = await liveTab(browser, paul)
    browser.sent.length = 0
    second.client.watch([marta.id])
    await shows(second.client, marta.id, { status: 'online', stale: false })
    expect(browser.sent.filter(([event]) => event === 'watch')).toEqual([])
    second.client.watch([luc.id])
    await shows(second.client, luc.id, { status: 'online' })
    second.crash()
    await eventually(
      async () => browser.lists(),
      (lists) => lists.length === 2,
    )
    expect(browser.lists()).toEqual([[marta.id, luc.id], [marta.id]])
    expect(first.client.connection.get().state).toBe('live')
  })

  test('R33 hear of their own user together, whoever decided', async () => {
    const browser = openBrowser(market.url)
    const first = await liveTab(browser, paul)
    const second = await liveTab(browser, paul)
    await second.client.own.setStatus({ status: 'away' })
    await until(first.client.own, (info) => info?.online_status === 'away')
    await until(second.client.own, (info) => info?.online_status === 'away')
    await first.client.own.setStatus({ status: 'online' })
    await until(second.client.own, (info) => info?.online_status === 'online')
  })

  test('know by what name the server knows the device that they are together', async () => {
    const browser = openBrowser(market.url)
    const tabs = [await liveTab(browser, paul), await liveTab(browser, paul)]
    const names = tabs.map(({ client }) => client.deviceId())
    const [device] = (await tabs[0]?.client.own.sessions()) ?? []
    expect(names).toEqual([device?.device_id, device?.device_id])
  })

  test('go on without a leading tab whose own token is refused', async () => {
    const browser = openBrowser(market.url)
    browsers.push(browser)
    const first = browser.open(paul, { userId: paul.id, token: () => 'not a token' })
    const second = browser.open(paul)
    await until(first.client.connection, ({ reason }) => reason === 'token-rejected')
    await until(second.client.connection, ({ state }) => state === 'live')
    expect(first.client.connection.get()).toEqual({ state: 'closed', reason: 'token-rejected' })
  })

  test('are signed out together, and none of them comes back by itself', async () => {
    const browser = openBrowser(market.url)
    const first = await liveTab(browser, paul)
    const second = await liveTab(browser, paul)
    expect(await second.client.own.signOutEverywhere()).toBe(1)
    for (const { client } of [first, second]) {
      await until(client.connection, ({ reason }) => reason === 'signed-out')
    }
    expect(browser.sockets).toHaveLength(1)
    // Who wants to can come back at once, in whichever tab.
    second.client.connect()
    await until(second.client.connection, ({ state }) => state === 'live')
    expect(first.client.connection.get()).toEqual({ state: 'closed', reason: 'signed-out' })
  })

  test('R3 hand the lead over when the browser puts the leading tab away, and take it back in as one of them', async () => {
    const watcher = await arrive(marta)
    const seen = await watching(watcher, paul)
    const browser = openBrowser(market.url)
    const first = await liveTab(browser, paul)
    const second = await liveTab(browser, paul)
    await watcher.hears('presenceUpdate', { userId: paul.id, status: 'online' })
    seen.news()
    first.window.dispatchEvent(new Event('pagehide'))
    await until(first.client.connection, ({ state }) => state === 'connecting')
    await eventually(
      async () => browser.connected(),
      (connected) => connected === 1 && browser.sockets.length === 2,
    )
    first.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    await until(first.client.connection, ({ state }) => state === 'live')
    await until(second.client.connection, ({ state }) => state === 'live')
    expect(browser.connected()).toBe(1)
    expect(seen.news()).toEqual([])
  })

  test('R3 that close in the same moment say goodbye, although each left others behind', async () => {
    const watcher = await arrive(marta)
    await watching(watcher, paul)
    const browser = openBrowser(market.url)
    const tabs = [await liveTab(browser, paul), await liveTab(browser, paul), await liveTab(browser, paul)]
    await watcher.hears('presenceUpdate', { userId: paul.id, status: 'online' })
    for (const { client } of tabs) client.close()
    await watcher.hears('presenceUpdate', { userId: paul.id, status: 'offline' })
    expect(browser.sockets).toHaveLength(1)
  })

  test.each([
    ['while the others are seen', 'visible', 'lives on'],
    ['while one of them is seen, and whose connection dies', 'hidden', 'dies'],
  ])(
    'R3 R45 take the lead from one that hangs %s, and nobody else hears of it',
    async (_name, visibility, connection) => {
      const seen = await watching(await arrive(marta), paul)
      const provider = await arrive(luc)
      const browser = openBrowser(market.url, FAST)
      const [first, second, third] = [
        await liveTab(browser, paul),
        await liveTab(browser, paul),
        await liveTab(browser, paul),
      ] as const
      third.show(visibility)
      const tabs = [first, second, third]
      for (const { client } of tabs) {
        client.watch([luc.id])
        await shows(client, luc.id, { status: 'online', stale: false })
      }
      const states: string[] = []
      second.client.connection.subscribe(() => states.push(second.client.connection.get().state))
      seen.news()

      first.hang()
      await provider.ask('setStatus', { status: 'dnd' })
      await shows(second.client, luc.id, { status: 'online', stale: true })
      await shows(second.client, luc.id, { status: 'dnd', stale: false })
      await shows(third.client, luc.id, { status: 'dnd', stale: false })
      expect(states).toEqual(['connecting', 'stale', 'live'])

      await provider.ask('setStatus', { status: 'away' })
      // What it tells of that, before it knows that it does not lead, is nobody's business any more.
      if (connection === 'dies') browser.sockets[0]?.io.engine.close()
      first.wake()
      await Promise.all(tabs.map(({ client }) => shows(client, luc.id, { status: 'away', stale: false })))
      await Promise.all(tabs.map(({ client }) => until(client.connection, ({ state }) => state === 'live')))
      const made = browser.sockets.length
      // What is left of the deposed one ends with its grace, and the one that leads now goes on.
      await eventually(
        async () => await first.client.own.sessions(),
        (sessions) => sessions.filter(({ is_active }) => is_active).length === 1,
      )
      await provider.ask('setStatus', { status: 'online' })
      await Promise.all(tabs.map(({ client }) => shows(client, luc.id, { status: 'online', stale: false })))
      expect(browser.connected()).toBe(1)
      expect(browser.sockets).toHaveLength(made)
      expect(tabs.map(({ client }) => client.connection.get().state)).toEqual(['live', 'live', 'live'])
      expect(states.slice(3).filter((state) => state === 'stale')).toEqual([])
      expect(seen.news()).toEqual([])
    },
  )

  test('of two users share nothing', async () => {
    const browser = openBrowser(market.url)
    await liveTab(browser, paul)
    await liveTab(browser, luc)
    expect(browser.connected()).toBe(2)
  })
})

async function liveTab(browser: Browser, person: Person, options: Partial<PresenceClientOptions> = {}): Promise<Tab> {
  const tab = browser.open(person, options)
  browsers.push(browser)
  await until(tab.client.connection, ({ state }) => state === 'live')
  return tab
}

/** What a plain client hears of somebody from now on. */
async function watching(client: Client, person: Person): Promise<{ news(): readonly Heard[] }> {
  await client.ask('watch', { users: [person.id] })
  let from = client.heard.length
  return {
    news() {
      const news = client.heard.slice(from).filter(([, payload]) => payload?.['userId'] === person.id)
      from = client.heard.length
      return news
    },
  }
}

async function arrive(person: Person): Promise<Client> {
  const client = await market.connect(person)
  people.push(client)
  return client
}

const connectionsOf = ({ server }: Marketplace): number => server.io.of('/').sockets.size
