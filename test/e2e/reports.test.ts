import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Client, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { violations } from './accessibility.ts'
import { launchBrowser, openAs, PHONE, photograph } from './browser.ts'
import { cardOf } from './street.ts'

// Walks of many steps, each of which waits for the page.
vi.setConfig({ testTimeout: 90_000 })

const RUDE = 'Only fools call before noon'

let market: Marketplace
let browser: Browser
let ana: Person
let ben: Person
let sam: Person
/** The list on which Ben is. */
let street: string
let talking: Client

beforeAll(async () => {
  market = await startMarketplace({ PRESENCE_REPORTS_PER_HOUR: '40' })
  browser = await launchBrowser()
  ana = await market.person('client')
  ben = await market.person('provider')
  sam = await market.person('staff')
  const { body } = await market.http(`/api/providers/${ben.id}`)
  street = `/?city_id=${body.city_id}&service_id=${body.service_id}`
  talking = await market.connect(ben)
})
beforeEach(() => says(RUDE))
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await market.server.presence.service.clearMessage(ben.id, { by: 'this test' })
})
afterAll(async () => {
  await browser?.close()
  await market?.stop()
})

const as = (person: Person, path = street) => `${market.url}${path}${path.includes('?') ? '&' : '?'}as=${person.id}`
const flag = (page: Page) => cardOf(page, ben).getByTestId('report-button')
const dialog = (page: Page) => page.getByTestId('report-dialog')
const send = (page: Page) => page.getByTestId('report-send')
const reported = (page: Page) => page.getByTestId('reported-card')
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? '')

async function says(message: string): Promise<void> {
  expect(await talking.ask('setStatus', { status: 'dnd', message })).toMatchObject({ ok: true })
}

/** Somebody reports, from elsewhere. */
async function report(who: Person, reason?: string): Promise<void> {
  const init = { method: 'POST', as: who, json: { reason } }
  expect((await market.http(`/api/users/presence/${ben.id}/reports`, init)).status).toBe(204)
}

/** Whether it fits the screen, and nothing keeps anybody out. */
async function isForEverybody(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([])
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(overflow).toBeLessThanOrEqual(0)
}

describe('a message that somebody takes offence at', () => {
  test('R15 is reported by who sees it, seen and cleared by staff, and vanishes for everybody at once', async () => {
    const viewer = await openAs(browser, as(ana))
    await cardOf(viewer.page, ben).getByText(RUDE).waitFor()
    await flag(viewer.page).click()
    await dialog(viewer.page).getByText(RUDE).waitFor()
    await viewer.page.getByTestId('report-reason').fill('This is no way to talk to people')
    await send(viewer.page).click()
    await dialog(viewer.page).getByText('Staff have your report').waitFor()
    await send(viewer.page).click()
    await dialog(viewer.page).waitFor({ state: 'detached' })
    expect(await flag(viewer.page).getAttribute('aria-label')).toBe(`You reported what ${ben.name} says`)

    const staff = await openAs(browser, as(sam))
    await staff.page.getByTestId('staff-link').click()
    const card = reported(staff.page)
    await card.getByText(RUDE).waitFor()
    await card.getByRole('link', { name: ben.name }).waitFor()
    await card.getByText('This is no way to talk to people').waitFor()
    await card.getByText('1 report', { exact: true }).waitFor()
    await card.getByText('shown now').waitFor()
    // It says nothing of who reported it.
    expect(await staff.page.content()).not.toContain(ana.name)

    await card.getByRole('button', { name: /^Clear/ }).click()
    await staff.page.getByTestId('clear-message').click()
    await staff.page.getByTestId('no-reports').waitFor()
    await staff.page.getByText(`What ${ben.name} said is cleared. 1 report settled.`).waitFor()
    await cardOf(viewer.page, ben).getByText(RUDE).waitFor({ state: 'detached' })
    // The rest of what they chose stays, and nobody had to load the page again.
    expect(await cardOf(viewer.page, ben).getAttribute('data-status')).toBe('dnd')
    expect(await flag(viewer.page).count()).toBe(0)
    expect([...viewer.errors, ...staff.errors]).toEqual([])

    await says(RUDE)
    await flag(viewer.page).waitFor()
    expect(await flag(viewer.page).getAttribute('aria-label')).toBe(`Report what ${ben.name} says`)
  })

  test('is reported by keyboard alone, on the own page of who says it, and keeps the place when it vanishes', async () => {
    const { page, errors } = await openAs(browser, as(ana, `/providers/${ben.id}`))
    await page.getByTestId('report-button').focus()
    await page.keyboard.press('Enter')
    await dialog(page).waitFor()
    await page.keyboard.press('Escape')
    await dialog(page).waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('report-button')
    await page.keyboard.press('Enter')
    await page.getByTestId('report-reason').focus()
    await page.keyboard.type('Unkind')
    await send(page).focus()
    await page.keyboard.press('Enter')
    await dialog(page).getByText('Thank you').waitFor()
    expect(await focused(page)).toBe('report-send')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^You reported what/ }).waitFor()
    expect(await focused(page)).toBe('report-button')

    // Once more tells nothing new, and the page says so.
    await page.keyboard.press('Enter')
    await dialog(page).getByText('Staff have your report').waitFor()
    expect(await page.getByTestId('report-reason').count()).toBe(0)
    await page.keyboard.press('Escape')
    await market.server.presence.service.clearMessage(ben.id, { by: 'this test' })
    await page.getByTestId('report-button').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Leave a message')
    expect(errors).toEqual([])
  })

  test('that changes or goes while it is being reported is told of before anything is sent', async () => {
    const { page } = await openAs(browser, as(ana))
    await flag(page).click()
    await says('Call me whenever you like')
    await dialog(page).getByText('changed it just now').waitFor()
    await dialog(page).getByText('Call me whenever you like').waitFor()
    await market.server.presence.service.clearMessage(ben.id, { by: 'this test' })
    await dialog(page).getByText('It is gone already').waitFor()
    expect(await send(page).textContent()).toBe('All right')
    await send(page).click()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
  })

  test('is not to be reported by a guest, nor by who says it', async () => {
    const { page } = await openAs(browser, as(ben))
    await cardOf(page, ben).getByText(RUDE).waitFor()
    expect(await flag(page).count()).toBe(0)

    const guest = await openAs(browser, `${market.url}${street}&as=00000000-0000-4000-8000-000000000000`)
    await cardOf(guest.page, ben).getByText(RUDE).waitFor()
    expect(await flag(guest.page).count()).toBe(0)
  })
})

test('R53 a report too many is refused with the sentence of the server, and what was written stays', async () => {
  const eager = await market.person('client', 7)
  for (let n = 0; n < 40; n += 1) {
    await market.http(`/api/users/presence/${ben.id}/reports`, { method: 'POST', as: eager, json: {} })
  }
  const { page } = await openAs(browser, as(eager))
  await flag(page).click()
  await page.getByTestId('report-reason').fill('Enough is enough')
  await send(page).click()
  const refused = await page.getByTestId('refused').textContent()
  expect(refused).toMatch(/That was too much at once: wait \d+ seconds\. Code RATE_LIMITED/)
  expect(await page.getByTestId('report-reason').inputValue()).toBe('Enough is enough')
  expect(await send(page).textContent()).toBe('Report it')
  await photograph(page, 'report-refused')
  expect(await violations(page)).toEqual([])
})

describe('the reports', () => {
  test('are no page to anybody but staff', async () => {
    const { page, errors } = await openAs(browser, as(ana, '/reports'))
    await page.getByText('Nobody lives at this address').waitFor()
    expect(await page.getByTestId('staff-link').count()).toBe(0)
    expect(errors).toEqual([])
    // Whoever lets the page believe it is told the same by the server.
    const { id, name, token } = ana
    const login = { token, user: { id, name, role: 'staff' } }
    await page.route('**/api/demo/login', (route) => route.fulfill({ json: login }))
    const refused = page.waitForResponse('**/api/users/presence/reports')
    await page.reload()
    expect((await refused).status()).toBe(403)
    await page.getByText('Nobody lives at this address').waitFor()
  })

  test('come by themselves, tell how many people and why, and what is said by now', async () => {
    const { page, errors } = await openAs(browser, as(sam, '/reports'))
    await page.getByTestId('no-reports').waitFor()
    await photograph(page, 'reports-none')
    for (const [index, reason] of ['Rude', 'He shouts at people who are new here', undefined].entries()) {
      await report(await market.person('client', 10 + index), reason)
    }
    await reported(page).getByText('Reported by 3 people').waitFor()
    await says('I was told to be kinder')
    await reported(page).getByText('They say something else by now').waitFor()
    await report(ana, 'Not better')
    await reported(page).getByText('4 reports').waitFor()
    expect(await reported(page).count()).toBe(1)
    expect(errors).toEqual([])
  })

  test('stay when they cannot be read or cleared for now, and say so', async () => {
    await report(ana)
    const { page } = await openAs(browser, as(sam, '/reports'))
    await reported(page).waitFor()
    await page.route('**/api/users/presence/**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'STORE_UNAVAILABLE', detail: 'The database does not answer.', retryable: true }),
      }),
    )
    await page.getByText('This list may be old').waitFor()
    await reported(page)
      .getByRole('button', { name: /^Clear/ })
      .click()
    await page.getByTestId('clear-message').click()
    await page.getByTestId('refused').getByText('The database does not answer.').waitFor()
    await page.keyboard.press('Escape')
    await reported(page).getByText(RUDE).waitFor()
    await page.unroute('**/api/users/presence/**')
    await reported(page)
      .getByRole('button', { name: /^Clear/ })
      .click()
    await page.getByTestId('clear-message').click()
    await page.getByTestId('no-reports').waitFor()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
  })
})

describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
  test.each(['phone', 'desktop'] as const)('reports are for everybody on a %s, and fit', async (size) => {
    const options: BrowserContextOptions = { colorScheme, ...(size === 'phone' ? PHONE : {}) }
    const viewer = await openAs(browser, as(ana), options)
    const { page } = viewer
    await flag(page).waitFor()
    await photograph(page, `report-card-${size}-${colorScheme}`)
    await isForEverybody(page)
    await flag(page).click()
    await dialog(page).waitFor()
    await photograph(page, `report-dialog-${size}-${colorScheme}`)
    await isForEverybody(page)
    await send(page).click()
    await dialog(page).getByText('Thank you').waitFor()
    await photograph(page, `report-thanks-${size}-${colorScheme}`)
    await send(page).click()
    await cardOf(page, ben).getByRole('link').click()
    await page.getByRole('button', { name: /^You reported what/ }).waitFor()
    await photograph(page, `report-provider-${size}-${colorScheme}`)
    await isForEverybody(page)

    await report(await market.person('client', 1), 'This is no way to talk to people who need help')
    await report(await market.person('client', 2))
    const staff = await openAs(browser, as(sam, '/reports'), options)
    await reported(staff.page).getByText('Reported by 3 people').waitFor()
    await reported(staff.page).getByRole('link').waitFor()
    await photograph(staff.page, `reports-${size}-${colorScheme}`)
    await isForEverybody(staff.page)
    await reported(staff.page)
      .getByRole('button', { name: /^Clear/ })
      .click()
    await staff.page.getByTestId('clear-dialog').waitFor()
    await photograph(staff.page, `reports-clear-${size}-${colorScheme}`)
    await isForEverybody(staff.page)
    expect([...viewer.errors, ...staff.errors]).toEqual([])
  })
})
