import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { launchBrowser, openAs, photograph } from './browser.ts'

let market: Marketplace
let browser: Browser
let ana: Person
let ben: Person
/** The list on which Ben is. */
let street: string

beforeAll(async () => {
  market = await startMarketplace()
  browser = await launchBrowser()
  ana = await market.person('client')
  ben = await market.person('provider')
  const { body } = await market.http(`/api/providers/${ben.id}`)
  street = `/?city_id=${body.city_id}&service_id=${body.service_id}`
})
// Whatever a test left behind, also one that failed.
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await market.untilConnections(0)
  market.advance(11_000)
})
afterAll(async () => {
  await browser?.close()
  await market?.stop()
})

const as = (person: Person) => `${market.url}${street}&as=${person.id}`
const cardWith = (page: Page, status: string) =>
  page.locator(`[data-testid="provider-card"][data-provider-id="${ben.id}"][data-status="${status}"]`).waitFor()
const ownStatus = (page: Page, status: string) =>
  page.locator(`[data-testid="own-status"][data-status="${status}"]`).waitFor()

describe('one tab', () => {
  test('becomes somebody else: the one before leaves, and nobody on the list is unknown meanwhile', async () => {
    const { page, errors } = await openAs(browser, as(ana))
    await ownStatus(page, 'online')
    await cardWith(page, 'offline')
    await page.evaluate(() => {
      const seen = new Set<string>()
      Object.assign(window, { seen })
      new MutationObserver(() => {
        for (const card of document.querySelectorAll<HTMLElement>('[data-testid="provider-card"]'))
          seen.add(card.dataset['status'] ?? '')
      }).observe(document.body, { subtree: true, attributes: true, childList: true })
    })
    await page.getByTestId('demo-switch').click()
    await page.getByTestId('picker-search').fill(ben.name)
    await page.locator(`[data-user-id="${ben.id}"]`).click()
    await page.getByTestId('demo-strip').getByText(ben.name).waitFor()
    await ownStatus(page, 'online')
    await cardWith(page, 'online')
    await market.untilConnections(1)
    const seen = await page.evaluate(() => Array.from((window as unknown as { seen: Set<string> }).seen))
    expect(seen.toSorted()).toEqual(['offline', 'online'])
    expect(errors).toEqual([])
  })

  test('R3 signs itself out, goes on as a guest, and comes back', async () => {
    const { page } = await openAs(browser, as(ana))
    await ownStatus(page, 'online')
    await page.getByTestId('own-status').click()
    await page.getByTestId('device-row').getByText('this browser, now').waitFor()
    await page.getByTestId('device-row').getByRole('button').click()
    await page.getByText('This device was signed out.').waitFor()
    await cardWith(page, 'offline')
    await photograph(page, 'guest-desktop')
    await market.untilConnections(0)

    await page.getByTestId('demo-switch').click()
    await page.getByTestId('picker-search').fill(ana.name)
    await page.locator(`[data-user-id="${ana.id}"]`).click()
    await ownStatus(page, 'online')
  })

  test('a decision that cannot be taken is taken back, with the reason', async () => {
    const { page } = await openAs(browser, as(ana))
    await ownStatus(page, 'online')
    await page.route('**/api/users/presence/status', (route) => route.abort())
    await page.getByTestId('own-status').click()
    await page.getByTestId('choice-dnd').click()
    await page.getByTestId('refused').getByText('NOT_CONNECTED').waitFor()
    await ownStatus(page, 'online')
    await page.unroute('**/api/users/presence/status')
    await page.getByTestId('choice-dnd').click()
    await ownStatus(page, 'dnd')
    expect(await page.getByTestId('refused').count()).toBe(0)
  })
})

test('R3 two tabs of one person are one device, and show the same', async () => {
  const first = await openAs(browser, as(ben))
  await ownStatus(first.page, 'online')
  const second = await first.page.context().newPage()
  await second.goto(as(ben))
  await ownStatus(second, 'online')
  await market.untilConnections(1)

  await second.getByTestId('own-status').click()
  await second.getByTestId('device-row').getByText('this browser, now').waitFor()
  expect(await second.getByTestId('device-row').count()).toBe(1)
  await second.getByTestId('choice-dnd').click()
  await ownStatus(first.page, 'dnd')
  await cardWith(first.page, 'dnd')

  // The first leads; who stays takes over, and nobody sees it.
  await first.page.close()
  await second.getByTestId('choice-away').click()
  await ownStatus(second, 'away')
  await cardWith(second, 'away')
  await market.untilConnections(1)
})
