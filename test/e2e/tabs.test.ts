import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Client,
  eventually,
  type Heard,
  type Marketplace,
  type Person,
  startMarketplace,
} from '../support/marketplace.ts'
import { type FixtureSite, serveFixtures } from './fixtures/serve-fixtures.ts'
import { openTab, type Tab } from './open-tab.ts'
import { launchOwnBrowser, type OwnBrowser } from './own-browser.ts'

const TABS = 20

let site: FixtureSite
let market: Marketplace
let browser: OwnBrowser
let ben: Person
/** Watches Ben, and is never to hear that one of his tabs is gone. */
let ana: Client
/** Each tab watches one of its own, and all of them the last. */
let people: readonly string[]
let tabs: Tab[] = []

beforeAll(async () => {
  site = await serveFixtures()
  market = await startMarketplace({ CORS_ORIGIN: site.url })
  browser = await launchOwnBrowser()
  ben = await market.person('provider', 99)
  ana = await market.connect(await market.person('client'))
  await ana.ask('watch', { users: [ben.id] })
  const { body } = await market.http(`/api/demo/users?role=provider&limit=${TABS + 1}`)
  people = body.users.map(({ id }: { id: string }) => id)
  for (let index = 0; index < TABS; index += 1) tabs.push(await open(index))
  await Promise.all(tabs.map((tab) => tab.untilLive()))
  await ana.hears('presenceUpdate', { userId: ben.id, status: 'online' })
})
afterAll(async () => {
  await browser?.close()
  await market?.stop()
  await site?.stop()
})

describe(`${TABS} tabs of one browser`, () => {
  test('R3 hold one connection and one session', async () => {
    expect(connections()).toHaveLength(1)
    expect(tabs.filter((tab) => tab.leads())).toHaveLength(1)
    expect(await sessions()).toHaveLength(1)
  })

  test('R40 show live whom each of them watches, and nobody else', async () => {
    const { setUserOnline } = market.server.presence.service
    for (const userId of people) await setUserOnline(userId, 'phone')
    await Promise.all(tabs.map((tab, index) => tab.untilShows(ownOf(index), { status: 'online', stale: false })))
    await Promise.all(tabs.map((tab) => tab.untilShows(ofAll(), { status: 'online', stale: false })))
    const foreign = await tabs[0]?.page.evaluate((id) => window.tab.client.get(id), ownOf(1))
    expect(foreign?.status).toBe('unknown')
  })

  test('R12 are used together: a sign of use in any of them counts', async () => {
    market.advance(301_000)
    await ana.hears('presenceUpdate', { userId: ben.id, status: 'away' })
    ana.forget()
    const follower = tabs.find((tab) => !tab.leads())
    await follower?.page.bringToFront()
    await ana.hears('presenceUpdate', { userId: ben.id, status: 'online' })
  })

  test('R3 do not miss one that does not lead', async () => {
    const before = connections()
    await quietly(async () => {
      await lose(
        tabs.find((tab) => !tab.leads()),
        (tab) => tab.page.close(),
      )
      await expectNewsInAll()
    })
    expect(connections()).toEqual(before)
  })

  test('R3 R45 go on without a flicker when the leading tab closes', async () => {
    await quietly(async () => {
      const before = connections()
      await lose(leader(), (tab) => tab.page.close())
      await untilAnotherThan(before)
      // Whoever takes over is the same device.
      expect(await sessions()).toHaveLength(1)
      await expectNewsInAll()
    })
  })

  test('R3 R45 go on without a flicker when the leading tab crashes', async () => {
    await quietly(async () => {
      const before = connections()
      await lose(leader(), async (tab) => {
        const crashed = tab.page.waitForEvent('crash')
        // Nobody answers any more.
        void (await tab.debug()).send('Page.crash').catch(() => undefined)
        await crashed
      })
      await untilAnotherThan(before)
      expect(await sessions()).toHaveLength(1)
      await expectNewsInAll()
    })
  })

  test('R45 go on when the browser freezes the leading tab, which knows the truth when it wakes', async () => {
    const frozen = leader()
    const debug = await frozen.debug()
    // Only what nobody sees is frozen.
    await tabs.find((tab) => tab !== frozen)?.page.bringToFront()
    await quietly(async () => {
      tabs = tabs.filter((tab) => tab !== frozen)
      await debug.send('Page.setWebLifecycleState', { state: 'frozen' })
      await expectNewsInAll()
      const latest = await flip()
      await debug.send('Page.setWebLifecycleState', { state: 'active' })
      await frozen.untilShows(ofAll(), { status: latest, stale: false })
      tabs.push(frozen)
      await untilOne()
      await expectNewsInAll()
    }, [frozen])
  })

  test('R45 hand the connection over when its tab goes to another page, and take it back in', async () => {
    const away = leader()
    await quietly(async () => {
      const before = connections()
      tabs = tabs.filter((tab) => tab !== away)
      await away.page.goto(`${site.url}/elsewhere`)
      await untilAnotherThan(before)
      await expectNewsInAll()
      const latest = await flip()
      await away.page.evaluate(() => history.back())
      await away.page.waitForURL('**/tab?*', { waitUntil: 'commit' })
      await away.untilLive()
      await away.untilShows(ofAll(), { status: latest, stale: false })
      // Out of the back-forward cache, with all it knew: not loaded anew.
      expect((await away.seen()).restored).toBe(1)
      tabs.push(away)
      await untilOne()
      await expectNewsInAll()
    }, [away])
  })

  test('R3 leave nobody behind: with the last of them gone, the user is offline after the grace', async () => {
    const before = news().length
    ana.forget()
    await Promise.all(tabs.map((tab) => tab.page.close()))
    await market.untilConnections(1)
    expect(news()).toHaveLength(before)
    market.advance(11_000)
    await ana.hears('presenceUpdate', { userId: ben.id, status: 'offline' })
    expect(
      news()
        .slice(before)
        .map(([event]) => event),
    ).toEqual(['userOffline', 'presenceUpdate'])
  })
})

const ownOf = (index: number): string => people[index] ?? ''
const ofAll = (): string => people[TABS] ?? ''
const news = (): readonly Heard[] => ana.heard.filter(([, payload]) => payload?.['userId'] === ben.id)

const open = (index: number): Promise<Tab> =>
  openTab(browser.context, { site: site.url, server: market.url, token: ben.token, watch: [ownOf(index), ofAll()] })

/** Ben's, by their names. */
const connections = (): readonly string[] =>
  Array.from(market.server.io.of('/').sockets.keys()).filter((id) => id !== ana.socket.id)

async function sessions(): Promise<readonly unknown[]> {
  const { body } = await market.http('/api/users/presence/sessions', { as: ben })
  return body.sessions
}

function leader(): Tab {
  const [leading, another] = tabs.filter((tab) => tab.leads())
  if (!leading || another) throw new Error('Not one tab leads.')
  return leading
}

async function lose(tab: Tab | undefined, how: (tab: Tab) => Promise<void>): Promise<void> {
  if (!tab) throw new Error('There is no such tab.')
  tabs = tabs.filter((other) => other !== tab)
  await how(tab)
}

const untilAnotherThan = (before: readonly string[]): Promise<readonly string[]> =>
  eventually(
    async () => connections(),
    (now) => now.length === 1 && now[0] !== before[0],
  )

const untilOne = (): Promise<readonly string[]> =>
  eventually(
    async () => connections(),
    (now) => now.length === 1,
  )

/** Turns the person whom all tabs watch around. @returns what they are now */
async function flip(): Promise<'online' | 'offline'> {
  const { getUserPresence, setUserOnline, setUserOffline } = market.server.presence.service
  const { online_status: before } = await getUserPresence(ofAll())
  if (before === 'offline') await setUserOnline(ofAll(), 'phone')
  else await setUserOffline(ofAll(), 'phone')
  return before === 'offline' ? 'online' : 'offline'
}

async function expectNewsInAll(): Promise<void> {
  const status = await flip()
  await Promise.all(tabs.map((tab) => tab.untilShows(ofAll(), { status, stale: false })))
}

/**
 * Nobody hears of it, and nobody sees it in the tabs that were there all along.
 *
 * @param apart tabs that are not expected to stay live
 */
async function quietly(happens: () => Promise<void>, apart: readonly Tab[] = []): Promise<void> {
  const heard = news().length
  await Promise.all(tabs.map((tab) => tab.forget()))
  await happens()
  expect(news().slice(heard)).toEqual([])
  const stayed = tabs.filter((tab) => !apart.includes(tab))
  for (const { states, changes } of await Promise.all(stayed.map((tab) => tab.seen()))) {
    // A connection that is away for more than two seconds is `stale`.
    expect(states.map(({ state }) => state).filter((state) => state !== 'live' && state !== 'connecting')).toEqual([])
    expect(states.at(-1)?.state ?? 'live').toBe('live')
    expect(changes.filter(({ stale, status }) => stale || status === 'unknown')).toEqual([])
  }
}
