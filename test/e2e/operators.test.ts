import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Client, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { violations } from './accessibility.ts'
import { launchBrowser, openAs, PHONE, photograph } from './browser.ts'

// Walks of many steps, each of which waits for the page.
vi.setConfig({ testTimeout: 90_000 })

const OPS_TOKEN = 'operations of this test'
const NOBODY = '00000000-0000-4000-8000-000000000000'

let market: Marketplace
let browser: Browser
let ada: Person
let ben: Person
let phone: Client

beforeAll(async () => {
  market = await startMarketplace({ OPS_TOKEN, PRESENCE_GRACE_MS: '60000' })
  browser = await launchBrowser()
  ada = await market.person('provider', 1)
  ben = await market.person('provider', 2)
  phone = await market.connect(ada)
})
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
})
afterAll(async () => {
  await browser?.close()
  await market?.stop()
})

const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? '')
const cause = (page: Page, rule: string) => page.locator(`[data-testid="cause"][data-rule="${rule}"]`)
const note = (page: Page, rule: string) => page.locator(`[data-testid="notes"] [data-rule="${rule}"]`)

/** Opens the page, and tells of everything that its content policy forbade, too. */
async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; errors: string[] }> {
  const opened = await openAs(browser, 'about:blank', options)
  await opened.page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`forbidden: ${violatedDirective} ${blockedURI}`),
    )
  })
  const response = await opened.page.goto(`${market.url}/ops`)
  expect(response?.url()).toBe(`${market.url}/ops/`)
  expect(response?.headers()['content-security-policy']).toMatch(/default-src 'none'.*connect-src 'self'/)
  return opened
}

async function enter(page: Page, token = OPS_TOKEN): Promise<void> {
  await page.getByTestId('token').fill(token)
  await page.getByRole('button', { name: 'Look in' }).click()
}

async function openDesk(options: BrowserContextOptions = {}): Promise<{ page: Page; errors: string[] }> {
  const opened = await open(options)
  await enter(opened.page)
  await opened.page.getByTestId('overview').waitFor()
  return opened
}

async function explain(page: Page, userId: string, viewerId = ''): Promise<void> {
  await page.getByTestId('user').fill(userId)
  await page.getByTestId('viewer').fill(viewerId)
  await page.getByTestId('explain').click()
}

/** Whether it fits the screen, and nothing keeps anybody out. */
async function isForEverybody(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([])
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(overflow).toBeLessThanOrEqual(0)
}

/** Which canvases have anything on them. Runs in the page. */
const whatIsDrawn = (canvases: Element[]): boolean[] =>
  canvases.map((element) => {
    const canvas = element as HTMLCanvasElement
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
    return pixels.some((value) => value !== 0)
  })

describe('the operator page', () => {
  test('R35 lets in operators alone, for as long as the tab is open, and says why it does not', async () => {
    const { page } = await open()
    await expect.poll(() => focused(page)).toBe('token')
    for (const token of ['', `${OPS_TOKEN}x`, ada.token]) {
      await enter(page, token)
      await page.getByTestId('refused').waitFor()
      expect(await page.getByTestId('overview').count()).toBe(0)
    }
    expect(await page.getByTestId('refused').textContent()).toBe('This is for operators alone.')
    await photograph(page, 'operators-refused')
    await enter(page)
    await page.getByTestId('overview').waitFor()
    await page.reload()
    await page.getByTestId('overview').waitFor()
    await page.getByTestId('leave').click()
    await page.getByTestId('sign-in').waitFor()
    await page.reload()
    await page.getByTestId('sign-in').waitFor()
  })

  test('R52 shows how it is, live, with plots, within its content policy', async () => {
    const { page, errors } = await openDesk()
    await page.getByTestId('degraded').getByText('Nothing is degraded.').waitFor()
    await page.getByTestId('users').getByText('1', { exact: true }).waitFor()
    await page.locator('.plot canvas').nth(2).waitFor()
    // Something is drawn, not only a place for it.
    expect(await page.locator('.plot canvas').evaluateAll(whatIsDrawn)).toEqual([true, true, true])
    expect(await page.getByRole('img', { name: /^Users online/ }).getAttribute('aria-label')).toMatch(/last 1\b/)
    await page.getByTestId('nodes').getByText('live').waitFor()
    const come = await market.connect(ben)
    await page.getByTestId('users').getByText('2', { exact: true }).waitFor()
    come.leave()
    await page.getByTestId('users').getByText('1', { exact: true }).waitFor()
    expect(errors).toEqual([])
  })

  test('explains somebody, goes on looking, and says what it cannot', async () => {
    const { page, errors } = await openDesk()
    await explain(page, ada.id)
    await cause(page, 'ACTIVE').filter({ hasText: 'Online: the last sign of use' }).waitFor()
    await page.getByTestId('session').getByText('In use:').waitFor()
    await phone.ask('setStatus', { status: 'dnd', message: 'on a roof', expires_in: 1_800 })
    await cause(page, 'CHOSEN').filter({ hasText: 'It wins over activity.' }).waitFor()
    expect(await page.getByTestId('status').textContent()).toBe('Do not disturb')
    await page.getByText('on a roof').first().waitFor()
    const settings = (change: object) =>
      market.http('/api/users/presence/settings', { method: 'PATCH', as: ada, json: change })
    await settings({ show_online_status: false })
    await note(page, 'HIDDEN').getByText('they hide, since').waitFor()
    await explain(page, ada.id, ben.id)
    await page.getByTestId('told-viewer').getByText('They are told what strangers are').waitFor()
    await settings({ show_online_status: true })
    await phone.ask('setStatus', { status: 'online', message: null })

    await explain(page, NOBODY)
    await cause(page, 'NO_SUCH_USER').waitFor()
    expect(await page.getByTestId('status').textContent()).toBe('Nobody')
    expect(errors).toEqual([])
    await explain(page, 'ada')
    await page.getByTestId('explain-refused').getByText('INVALID_ID').waitFor()
  })

  test('is used by keyboard alone', async () => {
    const { page, errors } = await open()
    // React takes the focus there once the page is painted.
    await expect.poll(() => focused(page)).toBe('token')
    await page.keyboard.type(OPS_TOKEN)
    await page.keyboard.press('Enter')
    await page.locator('.plot canvas').nth(2).waitFor()
    const reach = async (isThere: () => Promise<boolean>): Promise<void> => {
      for (let presses = 0; presses < 20 && !(await isThere()); presses += 1) await page.keyboard.press('Tab')
      expect(await isThere()).toBe(true)
    }
    await reach(() => page.evaluate(() => document.activeElement?.tagName === 'SUMMARY'))
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'The last ten minutes in numbers' }).waitFor()
    await reach(async () => (await focused(page)) === 'user')
    await page.keyboard.type(ada.id)
    await page.keyboard.press('Enter')
    await cause(page, 'ACTIVE').waitFor()
    expect(await focused(page)).toBe('user')
    expect(errors).toEqual([])
  })

  test('R45 says from when it is what it shows while nobody answers, and goes on by itself', async () => {
    const { page } = await openDesk()
    await explain(page, ada.id)
    await cause(page, 'ACTIVE').waitFor()
    await page.route('**/ops/data**', (route) => route.abort())
    await page.route('**/ops/users/**', (route) => route.abort())
    await page.getByTestId('old').getByText('NOT_CONNECTED').waitFor()
    await page.getByTestId('explain-refused').waitFor()
    await photograph(page, 'operators-old')
    expect(await violations(page)).toEqual([])
    await page.unroute('**/ops/data**')
    await page.unroute('**/ops/users/**')
    await page.getByTestId('old').waitFor({ state: 'detached' })
    await page.getByTestId('explain-refused').waitFor({ state: 'detached' })
    // A first answer that never comes is said, too.
    await page.route('**/ops/data**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'STORE_UNAVAILABLE', detail: 'The database does not answer.', retryable: true }),
      }),
    )
    await page.reload()
    await page.getByTestId('failed').getByText('The database does not answer.').waitFor()
    await photograph(page, 'operators-failed')
    await page.unroute('**/ops/data**')
    await page.getByTestId('overview').waitFor()
  })
})

describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
  test.each(['phone', 'desktop'] as const)('the operator page is for everybody on a %s, and fits', async (size) => {
    const options: BrowserContextOptions = { colorScheme, ...(size === 'phone' ? PHONE : {}) }
    const { page, errors } = await open(options)
    await photograph(page, `operators-sign-in-${size}-${colorScheme}`)
    await isForEverybody(page)
    await enter(page)
    await page.locator('.plot canvas').nth(2).waitFor()
    await explain(page, ada.id, ben.id)
    await page.getByTestId('told-viewer').waitFor()
    await page.evaluate(() => window.scrollTo(0, 0))
    await photograph(page, `operators-${size}-${colorScheme}`)
    await isForEverybody(page)
    await page.getByTestId('explained').scrollIntoViewIfNeeded()
    await photograph(page, `operators-explained-${size}-${colorScheme}`)
    expect(errors).toEqual([])
  })
})
