import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
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

/** Longer than it takes another tab to lose patience. */
const HANG_MS = 12_000

let site: FixtureSite
let market: Marketplace
let browser: OwnBrowser
/** Has the tabs. */
let ben: Person
/** Watches Ben. */
let ana: Client
/** Whom the tabs watch. */
let martaId: string
const undo: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  site = await serveFixtures()
})
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})
afterAll(() => site.stop())

/** Blocks the main thread of a tab, which no event announces. */
interface Hang {
  readonly name: string
  /** What the server does about the silence. */
  readonly connection: string
  readonly env: Record<string, string>
  /** @returns wakes it, and resolves once it is awake */
  block(tab: Tab): Promise<() => Promise<unknown>>
}

const HANGS: readonly Hang[] = [
  {
    name: 'works without a pause',
    connection: 'ended by the server meanwhile',
    env: { PRESENCE_PING_INTERVAL_MS: '1000', PRESENCE_PING_TIMEOUT_MS: '1000' },
    async block({ page }) {
      const work = page.evaluate((ms) => {
        const end = performance.now() + ms
        while (performance.now() < end);
      }, HANG_MS)
      return () => work
    },
  },
  {
    name: 'is stopped by a debugger',
    connection: 'alive for the server all the while',
    env: { PRESENCE_PING_INTERVAL_MS: '60000' },
    async block(tab) {
      const debug = await tab.debug()
      await debug.send('Debugger.enable')
      const stopped = new Promise((resolve) => {
        debug.once('Debugger.paused', resolve)
      })
      // Not answered before it goes on.
      const paused = debug.send('Runtime.evaluate', { expression: 'debugger' })
      await stopped
      return async () => {
        await debug.send('Debugger.resume')
        await paused
      }
    },
  },
]

for (const { name, connection, env, block } of HANGS) {
  test(`R3 R45 tabs go on when the leading one ${name}, its connection ${connection}`, async () => {
    const tabs = await openTabs(env)
    const [hung, seen, hidden] = tabs
    await Promise.all(tabs.map((tab) => tab.forget()))
    const [first] = connections()
    const wake = await block(hung)

    await flip()
    await eventually(
      async () => connections().filter((id) => id !== first),
      ({ length }) => length === 1,
    )
    await untilAllShowTheTruth([seen, hidden])
    const { states } = await seen.seen()
    // The truth about not knowing it, for a moment.
    expect(states.map(({ state }) => state)).toEqual(['connecting', 'stale', 'live'])
    expect(seen.leads()).toBe(true)

    await wake()
    await eventually(
      async () => connections(),
      (now) => now.length === 1 && now[0] !== first,
    )
    await flip()
    await untilAllShowTheTruth(tabs)
    // The grace of the connection that hung is over, and nobody misses it.
    market.advance(11_000)
    await flip()
    await untilAllShowTheTruth(tabs)
    expect(tabs.map((tab) => tab.leads())).toEqual([false, true, false])
    expect((await hung.seen()).states.at(-1)?.state).toBe('live')
    expect((await seen.seen()).states.slice(3)).toEqual([])
    expect(news()).toEqual([])
    expect(await sessions()).toHaveLength(1)
  })
}

/** Three tabs of Ben's: one that leads, one that is seen, and one more that is not. */
async function openTabs(env: Record<string, string>): Promise<readonly [Tab, Tab, Tab]> {
  market = await startMarketplace({ CORS_ORIGIN: site.url, ...env })
  undo.push(() => market.stop())
  browser = await launchOwnBrowser()
  undo.push(() => browser.close())
  ben = await market.person('provider', 0)
  const marta = await market.person('provider', 1)
  martaId = marta.id
  ana = await market.connect(await market.person('client'))
  await ana.ask('watch', { users: [ben.id] })
  const open = async (): Promise<Tab> => {
    const place = { site: site.url, server: market.url, token: ben.token, watch: [martaId] }
    const tab = await openTab(browser.context, place)
    await tab.untilLive()
    return tab
  }
  const tabs = [await open(), await open(), await open()] as const
  await tabs[1].page.bringToFront()
  await flip()
  await untilAllShowTheTruth(tabs)
  await ana.hears('presenceUpdate', { userId: ben.id, status: 'online' })
  ana.heard.length = 0
  expect(tabs.map((tab) => tab.leads())).toEqual([true, false, false])
  return tabs
}

const news = (): readonly Heard[] => ana.heard.filter(([, payload]) => payload?.['userId'] === ben.id)

/** Ben's, by their names. */
const connections = (): readonly string[] =>
  Array.from(market.server.io.of('/').sockets.keys()).filter((id) => id !== ana.socket.id)

async function sessions(): Promise<readonly unknown[]> {
  const { body } = await market.http('/api/users/presence/sessions', { as: ben })
  return body.sessions.filter(({ is_active }: { is_active: boolean }) => is_active)
}

async function flip(): Promise<void> {
  const { getUserPresence, setUserOnline, setUserOffline } = market.server.presence.service
  const { online_status: before } = await getUserPresence(martaId)
  if (before === 'offline') await setUserOnline(martaId, 'phone')
  else await setUserOffline(martaId, 'phone')
}

async function untilAllShowTheTruth(tabs: readonly Tab[]): Promise<void> {
  const { online_status: status } = await market.server.presence.service.getUserPresence(martaId)
  await Promise.all(tabs.map((tab) => tab.untilShows(martaId, { status, stale: false })))
}
