import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { launchBrowser } from './browser.ts'
import { cardOf } from './street.ts'

// A walk through the whole page.
vi.setConfig({ testTimeout: 120_000 })

let market: Marketplace
let browser: Browser
let ana: Person
let ben: Person
let sam: Person
/** The list on which Ben is. */
let street: string

beforeAll(async () => {
  market = await startMarketplace()
  browser = await launchBrowser()
  ana = await market.person('client')
  ben = await market.person('provider')
  sam = await market.person('staff')
  const { body } = await market.http(`/api/providers/${ben.id}`)
  street = `/?city_id=${body.city_id}&service_id=${body.service_id}`
  const talking = await market.connect(ben)
  await talking.ask('setStatus', { status: 'online', message: 'Here until nine' })
})
afterAll(async () => {
  await browser?.close()
  await market?.stop()
})

/** Opens a page that tells of everything the policy forbade, and of every error. */
async function openWatched(as: Person): Promise<{ page: Page; told: string[] }> {
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  context.setDefaultTimeout(20_000)
  const told: string[] = []
  await context.exposeFunction('tell', (what: string) => void told.push(what))
  await context.addInitScript(() => {
    const { tell } = window as unknown as { tell(what: string): void }
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      tell(`${violatedDirective} ${blockedURI}`),
    )
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => told.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') told.push(message.text())
  })
  const response = await page.goto(`${market.url}${street}&as=${as.id}`)
  expect(response?.headers()['content-security-policy']).toMatch(/default-src 'none'.*connect-src 'self'/)
  return { page, told }
}

test('R52 the whole page lives within the policy that keeps foreign scripts out', async () => {
  const { page, told } = await openWatched(ana)
  await cardOf(page, ben).getByText('Here until nine').waitFor()
  await page.getByRole('combobox', { name: 'City' }).fill('ly')
  await page.locator('.suggestion').first().waitFor()
  await page.keyboard.press('Escape')
  await page.getByTestId('chip-online').click()
  await cardOf(page, ben)
    .getByRole('button', { name: /^Ask now/ })
    .click()
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await cardOf(page, ben).getByTestId('report-button').click()
  await page.getByTestId('report-send').click()
  await page.getByText('Thank you').waitFor()
  await page.keyboard.press('Escape')
  await page.getByTestId('own-status').click()
  await page.getByTestId('choice-dnd').click()
  await page.getByTestId('device-row').first().waitFor()
  await page.getByTestId('preview-stranger').getByText('not disturb').waitFor()
  await page.keyboard.press('Escape')
  await page.getByTestId('demo-switch').click()
  await page.locator('.picker-row').first().waitFor()
  await page.keyboard.press('Escape')
  await cardOf(page, ben).getByRole('link').click()
  await page.getByTestId('provider-page').waitFor()
  // As somebody finds it who comes from elsewhere.
  await page.reload()
  await page.getByTestId('provider-page').getByText('Here until nine').waitFor()
  await page.goto(`${market.url}/reports?as=${sam.id}`)
  await page.getByTestId('reported-card').getByText('Here until nine').waitFor()
  expect(told).toEqual([])

  // What is forbidden is noticed here, and does not happen.
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.isForeign = true'
    document.body.append(script)
  })
  await vi.waitFor(() => expect(told).toContain('script-src-elem inline'))
  expect(await page.evaluate(() => 'isForeign' in window)).toBe(false)
})
