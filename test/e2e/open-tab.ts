import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import type { Presence } from '../../src/client/index.ts'
import type { TabRecord } from './fixtures/tab.ts'

/** A tab of a host's site, signed in, that shows whom it watches. */
export interface Tab {
  readonly page: Page
  /** Whether the connection that the tabs of its browser share is in this one. */
  leads(): boolean
  untilLive(): Promise<void>
  /** Waits until this tab shows all of this of a user; it is told on the way, not by a reload. */
  untilShows(userId: string, fits: Partial<Presence>): Promise<void>
  /** What a reader could have seen since this tab was opened, or since `forget`. */
  seen(): Promise<Pick<TabRecord, 'states' | 'changes' | 'restored'>>
  forget(): Promise<void>
  /** The browser's debugger, for what a page cannot do to itself. */
  debug(): Promise<CDPSession>
}

export interface TabOptions {
  readonly site: string
  readonly server: string
  readonly token: string
  readonly watch: readonly string[]
  readonly overdueAfterMs?: number
  readonly staleAfterMs?: number
}

export async function openTab(context: BrowserContext, { site, watch, ...options }: TabOptions): Promise<Tab> {
  const page = await context.newPage()
  let sockets = 0
  page.on('websocket', (socket) => {
    sockets += 1
    socket.once('close', () => {
      sockets -= 1
    })
  })
  // What a page leaves behind ends without a word.
  page.on('framenavigated', () => {
    sockets = 0
  })
  const query = new URLSearchParams({ watch: watch.join(',') })
  for (const [name, value] of Object.entries(options)) query.set(name, String(value))
  await page.goto(`${site}/tab?${query}`)
  return {
    page,
    leads: () => sockets > 0 && !page.isClosed(),
    async untilLive() {
      await page.evaluate(async () => {
        const { connection } = window.tab.client
        await window.tab.until(connection.subscribe, () => connection.get().state === 'live')
      })
    },
    async untilShows(userId, fits) {
      await page.evaluate(
        async ([id, wanted]) => {
          const { client } = window.tab
          const isShown = (): boolean => {
            const shown: Record<string, unknown> = { ...client.get(id) }
            return Object.entries(wanted).every(([name, value]) => shown[name] === value)
          }
          await window.tab.until((look) => client.subscribe(id, look), isShown)
        },
        [userId, fits] as const,
      )
    },
    seen: () =>
      page.evaluate(() => ({ states: window.tab.states, changes: window.tab.changes, restored: window.tab.restored })),
    async forget() {
      await page.evaluate(() => {
        window.tab.states.length = 0
        window.tab.changes.length = 0
      })
    },
    debug: () => page.context().newCDPSession(page),
  }
}
