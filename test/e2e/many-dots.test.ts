import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { launchBrowser, photograph } from './browser.ts'
import type { Counts, Smoothness } from './fixtures/many-dots.tsx'
import { personId } from './fixtures/person-id.ts'
import { type FixtureSite, serveFixtures } from './fixtures/serve-fixtures.ts'

const PEOPLE = 2_000
const CHANGES_PER_SECOND = 200
const CALM_MS = 5_000
const BUSY_MS = 10_000
const STALE_AFTER_MS = 6_000
/** Anybody sees a frame that takes longer than this: three of them at 60 Hz. */
const LONG_FRAME_MS = 50
/** How often everybody is drawn, for comparison. */
const DRAWINGS = 40
/** So many changes must cost less than to draw everybody once. Seen here: 120. */
const MANY = 20

let site: FixtureSite
let market: Marketplace
let browser: Browser
let ana: Person
let page: Page
let truth: Truth
const errors: string[] = []

beforeAll(async () => {
  site = await serveFixtures()
  market = await startMarketplace({ CORS_ORIGIN: site.url })
  await market.database.sequelize.query(
    `insert into users (id, name, role)
     select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Person ' || n, 'provider'
     from generate_series(0, ${PEOPLE - 1}) n`,
  )
  ana = await market.person('client')
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  page.setDefaultTimeout(10_000)
  page.on('pageerror', (error) => errors.push(String(error)))
  const query = new URLSearchParams({
    server: market.url,
    token: ana.token,
    people: String(PEOPLE),
    staleAfterMs: String(STALE_AFTER_MS),
  })
  await page.goto(`${site.url}/many-dots?${query}`)
  // Some are there before, so that the page shows both.
  truth = createTruth(market)
  for (let index = 0; index < PEOPLE; index += 4) await truth.flip(index)
  await untilShown(truth.online())
})
afterAll(async () => {
  await browser?.close()
  await market?.stop()
  await site?.stop()
})

describe(`${PEOPLE} dots on one page`, () => {
  test(`R40 draw what changed alone under ${CHANGES_PER_SECOND} changes a second, which is what keeps a page smooth`, async () => {
    const work = await startCounting(page)
    const calm = await measure(CALM_MS)
    const drawingMs = await work.during(() => page.evaluate((times) => window.manyDots.drawAll(times), DRAWINGS))
    const before = await counts()
    const changes = startChanging(truth)
    let busy = calm
    const busyMs = await work.during(async () => {
      busy = await measure(BUSY_MS)
    })
    const flips = await changes.stop()
    await untilShown(truth.online())
    const after = await counts()

    const told = after.changes - before.changes
    const dots = after.dots - before.dots
    const texts = after.texts - before.texts
    expect(errors).toEqual([])
    report({ calm, busy, flips, told, dots, texts, busyMs, drawingMs })
    expect(flips).toBeGreaterThan((CHANGES_PER_SECOND * BUSY_MS * 0.8) / 1_000)
    expect(told).toBe(flips)
    // One drawing for each change; two of one person in the same frame may become one.
    expect(dots).toBeLessThanOrEqual(told)
    expect(dots).toBeGreaterThan(told * 0.9)
    // Words about time also move by themselves, each at most once a minute.
    expect(texts).toBeLessThanOrEqual(told + PEOPLE)
    // Beside the same page in the same run, by work and not by time, which whatever else runs on the machine takes, too.
    expect(busyMs / told).toBeLessThan(drawingMs / DRAWINGS / MANY)
  })

  test('R45 doubt together when the server is lost, then know nothing, then live again', async () => {
    const marks = (state: string) => page.locator(`#dots svg${state}`)
    await photograph(page, 'many-dots-live')
    expect(await marks('[data-stale]').count()).toBe(0)
    await page.context().setOffline(true)
    await marks('[data-stale]:not([data-status="unknown"])').first().waitFor()
    await photograph(page, 'many-dots-stale')
    expect(await marks(':not([data-stale])').count()).toBe(0)
    await marks('[data-status="unknown"]').first().waitFor()
    await photograph(page, 'many-dots-unknown')
    expect(await marks(':not([data-status="unknown"])').count()).toBe(0)

    await page.context().setOffline(false)
    await untilShown(truth.online())
    expect(await marks('[data-stale]').count()).toBe(0)
  })
})

const measure = (forMs: number): Promise<Smoothness> => page.evaluate((ms) => window.manyDots.measure(ms), forMs)
const counts = (): Promise<Counts> => page.evaluate(() => window.manyDots.counts())

/** Waits until the page shows exactly these as online. */
async function untilShown(online: ReadonlySet<string>): Promise<void> {
  const statuses = Array.from({ length: PEOPLE }, (_, index) => (online.has(personId(index)) ? 'online' : 'offline'))
  await page.waitForFunction((wanted) => {
    const dots = Array.from(document.querySelectorAll<SVGElement>('#dots svg'))
    return dots.length === wanted.length && dots.every(({ dataset }, at) => dataset['status'] === wanted[at])
  }, statuses)
}

interface Work {
  /** @returns for how long the page's own code had a processor meanwhile. Milliseconds. */
  during(action: () => Promise<unknown>): Promise<number>
}

/** Counts the work of the page's code: what it leaves the browser to paint is the same however it found out what to draw. */
async function startCounting(page: Page): Promise<Work> {
  const debug = await page.context().newCDPSession(page)
  // Ticks of the thread stand still while others have its processor.
  await debug.send('Performance.enable', { timeDomain: 'threadTicks' })
  const workMs = async (): Promise<number> => {
    const { metrics } = await debug.send('Performance.getMetrics')
    const script = metrics.find(({ name }) => name === 'ScriptDuration')
    if (script === undefined) throw new Error('This browser does not count the work of a page')
    return 1_000 * script.value
  }
  return {
    async during(action) {
      const before = await workMs()
      await action()
      return (await workMs()) - before
    },
  }
}

interface Truth {
  flip(index: number): Promise<void>
  online(): ReadonlySet<string>
}

/** Who is online by what this test did. */
function createTruth({ server }: Marketplace): Truth {
  const { setUserOnline, setUserOffline } = server.presence.service
  const online = new Set<string>()
  return {
    online: () => online,
    async flip(index) {
      const id = personId(index)
      if (online.delete(id)) await setUserOffline(id, 'phone')
      else {
        online.add(id)
        await setUserOnline(id, 'phone')
      }
    },
  }
}

/** Changes one person after another at an even pace, whatever the machine does meanwhile. */
function startChanging(truth: Truth): { stop(): Promise<number> } {
  const begin = performance.now()
  const flips: Promise<void>[] = []
  const timer = setInterval(() => {
    const due = ((performance.now() - begin) * CHANGES_PER_SECOND) / 1_000
    // A step that has no divisor in common with the number of people reaches all of them, all over the page.
    while (flips.length < due) flips.push(truth.flip((flips.length * 701) % PEOPLE))
  }, 5)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(flips)
      return flips.length
    },
  }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const longShare = ({ frames }: Smoothness): number =>
  total(frames.filter((frame) => frame > LONG_FRAME_MS)) / total(frames)

interface Outcome {
  readonly calm: Smoothness
  readonly busy: Smoothness
  readonly flips: number
  readonly told: number
  readonly dots: number
  readonly texts: number
  readonly busyMs: number
  readonly drawingMs: number
}

function report({ calm, busy, ...counted }: Outcome): void {
  const words = (smoothness: Smoothness): string => {
    const frames = smoothness.frames.toSorted((a, b) => a - b)
    const at = (share: number): string => (frames[Math.floor(share * (frames.length - 1))] ?? 0).toFixed(1)
    const share = (100 * longShare(smoothness)).toFixed(2)
    const long = `${smoothness.longTasks.length} long tasks, ${total(smoothness.longTasks).toFixed(0)} ms`
    return `${frames.length} frames, p50 ${at(0.5)} p99 ${at(0.99)} longest ${at(1)} ms, ${share} % of the time in long ones, ${long}`
  }
  console.log(`calm: ${words(calm)}\nbusy: ${words(busy)}\n${JSON.stringify(counted)}`)
}
