import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { violations } from './accessibility.ts'
import { launchBrowser, openAs, PHONE, photograph } from './browser.ts'

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
  await decide('settings', { show_online_status: true, status_audience: 'everyone', coarse_last_seen: false })
  await decide('status', { status: 'online', message: null })
})
afterAll(async () => {
  await browser?.close()
  await market?.stop()
})

const as = (person: Person) => `${market.url}${street}&as=${person.id}`
const card = (page: Page) => page.locator(`[data-testid="provider-card"][data-provider-id="${ben.id}"]`)
const cardWith = (page: Page, status: string) =>
  page.locator(`[data-testid="provider-card"][data-provider-id="${ben.id}"][data-status="${status}"]`).waitFor()

/** Ben decides, from elsewhere. */
async function decide(what: 'settings' | 'status', json: unknown): Promise<void> {
  const { status } = await market.http(`/api/users/presence/${what}`, { method: 'PATCH', as: ben, json })
  expect(status).toBe(200)
}

/** Does something that decides, and waits until the server has it: the page shows it before. */
async function decided(page: Page, act: () => Promise<unknown>): Promise<void> {
  const answer = page.waitForResponse((response) => response.request().method() === 'PATCH')
  await act()
  expect((await answer).status()).toBe(200)
}

describe('two people, two windows', () => {
  test('R1 R11 R15 R30 one sees the other come, ask for quiet, hide, and go, without a reload', async () => {
    const client = await openAs(browser, as(ana))
    await cardWith(client.page, 'offline')
    await photograph(client.page, 'directory-desktop')

    const provider = await openAs(browser, as(ben))
    await cardWith(client.page, 'online')
    await client.page.getByTestId('home-count').getByText('1').first().waitFor()

    await provider.page.getByTestId('own-status').click()
    await provider.page.getByTestId('choice-dnd').click()
    await cardWith(client.page, 'dnd')
    await provider.page.getByTestId('message-input').fill('On a roof until three')
    await provider.page.getByTestId('message-input').press('Enter')
    await card(client.page).getByText('On a roof until three').waitFor()
    await provider.page.getByTestId('chip-dnd').getByText('1').waitFor()
    await photograph(provider.page, 'own-status-desktop')
    expect(await violations(provider.page)).toEqual([])

    await provider.page.getByTestId('visibility-switch').click()
    await cardWith(client.page, 'offline')
    expect(await card(client.page).getByText('On a roof until three').count()).toBe(0)
    await provider.page.getByTestId('visibility-switch').click()
    await cardWith(client.page, 'dnd')
    await client.page.getByTestId('chip-dnd').getByText('1').waitFor()
    await photograph(client.page, 'directory-live-desktop')

    await provider.page.context().close()
    await market.untilConnections(1)
    market.advance(11_000)
    await cardWith(client.page, 'offline')
    expect([...client.errors, ...provider.errors]).toEqual([])
  })

  test('R36 R37 who may see what is decided, previewed and taken back in the menu', async () => {
    const client = await openAs(browser, as(ana))
    const { page, errors } = await openAs(browser, as(ben))
    await cardWith(client.page, 'online')
    await page.getByTestId('own-status').click()
    await page.getByTestId('preview-stranger').getByText('online').waitFor()
    await page.getByTestId('preview-blocked').getByText('offline').waitFor()
    await decided(page, () => page.getByTestId('status_audience').selectOption('contacts'))
    await cardWith(client.page, 'offline')
    await page.getByTestId('preview-contact').getByText('online').waitFor()
    await page
      .getByTestId('preview-stranger')
      .getByText(/last seen|offline/)
      .waitFor()
    await decided(page, () => page.getByTestId('coarse-switch').click())
    await page.getByTestId('preview-stranger').getByText('last seen recently').waitFor()
    await decided(page, () => page.getByTestId('status_audience').selectOption('everyone'))
    await cardWith(client.page, 'online')
    await page.getByTestId('block-select').selectOption({ label: ana.name })
    await page.getByTestId('blocked-row').getByText(ana.name).waitFor()
    await photograph(page, 'who-sees-what')
    expect(await violations(page)).toEqual([])
    await page.getByTestId('blocked-row').getByRole('button').click()
    await page.getByTestId('blocked-row').waitFor({ state: 'detached' })
    await decided(page, () => page.getByTestId('coarse-switch').click())
    expect(errors).toEqual([])
  })

  test('R11 a choice with an end keeps it through a reload and a new message', async () => {
    const client = await openAs(browser, as(ana))
    const { page } = await openAs(browser, as(ben))
    await page.getByTestId('own-status').click()
    await decided(page, () => page.getByTestId('choice-dnd').click())
    await decided(page, () => page.getByLabel('Keep it').selectOption('half-hour'))
    await page.getByText(/^Ends at/).waitFor()
    await page.reload()
    await page.getByTestId('own-status').click()
    await page.getByText(/^Ends at/).waitFor()
    await page.getByTestId('message-input').fill('Back soon')
    await page.getByTestId('message-input').press('Enter')
    await card(client.page).getByText('Back soon').waitFor()
    await cardWith(client.page, 'dnd')
    market.advance(31 * 60_000)
    await cardWith(client.page, 'away')
    expect(await card(client.page).getByText('Back soon').count()).toBe(0)
  })

  test('everything can be reached by keyboard, and nothing keeps a screen reader out', async () => {
    const { page } = await openAs(browser, as(ana))
    await cardWith(page, 'offline')
    expect(await violations(page)).toEqual([])
    const reached = new Set<string>()
    for (let press = 0; press < 60; press += 1) {
      await page.keyboard.press('Tab')
      const id = await page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? '')
      reached.add(id)
    }
    expect(reached).toContain('own-status')
    await page.getByTestId('own-status').focus()
    await page.keyboard.press('Enter')
    await page.getByTestId('status-menu').waitFor()
    await page.keyboard.press('Escape')
    await page.getByTestId('status-menu').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('own-status')
  })

  test.each([
    ['light', 'phone'],
    ['dark', 'phone'],
    ['dark', 'desktop'],
  ] as const)('it fits: %s on a %s', async (colorScheme, size) => {
    const device = size === 'phone' ? PHONE : {}
    const { page, errors } = await openAs(browser, as(ana), { colorScheme, ...device })
    await cardWith(page, 'offline')
    await photograph(page, `directory-${size}-${colorScheme}`)
    expect(await violations(page)).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    await page.goto(`${market.url}/providers/${ben.id}`)
    await page.getByRole('heading', { name: ben.name }).first().waitFor()
    await photograph(page, `provider-${size}-${colorScheme}`)
    expect(await violations(page)).toEqual([])
    await page.getByTestId('own-status').click()
    await page.getByTestId('status-menu').waitFor()
    await photograph(page, `own-status-${size}-${colorScheme}`)
    expect(await violations(page)).toEqual([])
    expect(errors).toEqual([])
  })

  test('R45 a lost server shows as such, marks turn stale, and all is back without a reload', async () => {
    const { page } = await openAs(browser, as(ana))
    await cardWith(page, 'offline')
    await page.context().setOffline(true)
    await page.evaluate(() => window.dispatchEvent(new Event('offline')))
    market.dropConnections()
    await page.getByTestId('connection-bar').waitFor()
    await photograph(page, 'reconnecting-desktop')
    await page.context().setOffline(false)
    await page.getByTestId('connection-bar').waitFor({ state: 'detached' })
  })
})
