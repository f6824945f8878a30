import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Person } from '../support/marketplace.ts'
import { violations } from './accessibility.ts'
import { launchBrowser, openAs, PHONE, photograph } from './browser.ts'
import { cardOf, cards, openStreet, type Street, untilHome, untilShown } from './street.ts'

// Each waits for an outage to be noticed and to be over.
vi.setConfig({ testTimeout: 90_000 })

let street: Street
let browser: Browser
let ana: Person
let ben: Person

beforeAll(async () => {
  street = await openStreet()
  browser = await launchBrowser()
  ana = await street.market.person('client')
  ben = await street.provider(0)
})
afterEach(async () => {
  street.way.mend()
  for (const context of browser.contexts()) await context.close()
  await street.leaveAll()
})
afterAll(async () => {
  await browser?.close()
  await street?.stop()
})

describe('PostgreSQL is away', () => {
  test.each(['desktop', 'phone'] as const)(
    'R50 the list stays, says how old it is, and is live again without a reload, on a %s',
    async (size) => {
      const { page } = await openAs(browser, street.as(ana), size === 'phone' ? PHONE : {})
      // Numbers move only while the search is live.
      await untilHome(page, 'No plumber in Lyon is home now')
      const client = await street.come(ben)
      await untilHome(page, '1 plumber in Lyon is home now')
      await page.locator(`[data-provider-id="${ben.id}"][data-status="online"]`).waitFor()
      await page.evaluate(() => Object.assign(window, { sameWindow: true }))

      const place = await cardOf(page, ben).boundingBox()
      street.way.cut()
      // Dots are as live as ever; who comes and goes in the list cannot be said any more.
      client.leave()
      await page.locator(`[data-provider-id="${ben.id}"][data-status="offline"]`).waitFor()
      await page.getByTestId('stale-note').filter({ hasText: 'Last updated' }).waitFor()
      expect(await cards(page).count()).toBe(12)
      expect(await cardOf(page, ben).boundingBox()).toEqual(place)
      await photograph(page, `street-stale-${size}`)
      expect(await violations(page)).toEqual([])

      street.way.mend()
      await page.getByTestId('stale-note').waitFor({ state: 'detached' })
      await street.come(ben)
      await untilHome(page, '1 plumber in Lyon is home now')
      expect(await page.evaluate(() => 'sameWindow' in window)).toBe(true)
    },
  )

  test('R50 a search nobody remembers says so in words, is tried again, and comes by itself', async () => {
    const { page } = await openAs(browser, street.as(ana))
    await untilShown(page, 12)
    street.way.cut()
    await page.getByLabel('Rating, at least').fill('4.9')
    const failed = page.getByTestId('failed-list')
    await failed.getByText('STORE_UNAVAILABLE').waitFor()
    await photograph(page, 'street-failed-desktop')
    expect(await violations(page)).toEqual([])
    await failed.getByRole('button', { name: 'Try again' }).click()
    await failed.waitFor()
    expect(await cards(page).count()).toBe(0)

    street.way.mend()
    await cards(page).first().waitFor()
    await failed.waitFor({ state: 'detached' })
    expect(new URL(page.url()).searchParams.get('min_rating')).toBe('4.9')
  })

  test('a page that is opened meanwhile says so, and comes by itself', async () => {
    street.way.cut()
    const { page } = await openAs(browser, street.as(ana, '&min_rating=1'))
    await page.getByTestId('failed-list').waitFor()
    await photograph(page, 'street-closed-desktop')
    street.way.mend()
    await untilShown(page, 12)
    await street.come(ben)
    await page.locator(`[data-provider-id="${ben.id}"][data-status="online"]`).waitFor()
  })
})
