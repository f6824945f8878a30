import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Person } from '../support/marketplace.ts'
import { violations } from './accessibility.ts'
import { launchBrowser, openAs, PHONE, photograph } from './browser.ts'
import { cardOf, cards, openStreet, type Street, shownIds, untilHome, untilShown } from './street.ts'

// Walks of many steps, each of which waits for the page.
vi.setConfig({ testTimeout: 90_000 })

let street: Street
let browser: Browser
let ana: Person
let ben: Person
let carla: Person

beforeAll(async () => {
  street = await openStreet()
  browser = await launchBrowser()
  ana = await street.market.person('client')
  ben = await street.provider(0)
  carla = await street.provider(1)
})
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await show(ben, true)
  await street.leaveAll()
})
afterAll(async () => {
  await browser?.close()
  await street?.stop()
})

const ONLINE = '&online_status=online'

async function show(as: Person, show_online_status: boolean): Promise<void> {
  const init = { method: 'PATCH', as, json: { show_online_status } }
  expect((await street.market.http('/api/users/presence/settings', init)).status).toBe(200)
}

const chipCount = (page: Page, status: string, count: number) =>
  page
    .getByTestId(`chip-${status}`)
    .filter({ hasText: String(count) })
    .waitFor()
const query = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams)
const focusedCard = (page: Page) =>
  page.evaluate(() => document.activeElement?.closest('[data-provider-id]')?.getAttribute('data-provider-id') ?? null)

/** Notes which cards fade before they are taken away. */
const watchFades = (page: Page) =>
  page.evaluate(() => {
    const faded: string[] = []
    Object.assign(window, { faded })
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const card = target as HTMLElement
        if (card.classList.contains('card-leaving') && card.inert) faded.push(card.dataset['providerId'] ?? '')
      }
    }).observe(document.body, { subtree: true, attributeFilter: ['class', 'inert'] })
  })
const faded = (page: Page) => page.evaluate(() => (window as unknown as { faded: string[] }).faded)

describe('a list of who is online now', () => {
  test('R14 R41 somebody comes home into it and leaves it, softly, and all numbers follow', async () => {
    const { page, errors } = await openAs(browser, street.as(ana, ONLINE))
    await page.getByText('Nobody is home right now').waitFor()
    await untilHome(page, 'No plumber in Lyon is home now')
    await chipCount(page, 'online', 0)
    await photograph(page, 'street-empty-desktop')
    await watchFades(page)

    const client = await street.come(ben)
    await cardOf(page, ben).waitFor()
    await untilHome(page, '1 plumber in Lyon is home now')
    await chipCount(page, 'online', 1)
    await street.come(carla)
    await untilShown(page, 2)
    await untilHome(page, '2 plumbers in Lyon are home now')
    await photograph(page, 'street-online-desktop')

    client.leave()
    await cardOf(page, ben).waitFor({ state: 'detached' })
    expect(await faded(page)).toContain(ben.id)
    await untilHome(page, '1 plumber in Lyon is home now')
    await cardOf(page, carla).waitFor()
    expect(errors).toEqual([])
  })

  test('R30 R32 whoever hides is gone at once, as if they had left', async () => {
    const { page } = await openAs(browser, street.as(ana, ONLINE))
    await street.come(ben)
    await cardOf(page, ben).waitFor()
    await chipCount(page, 'online', 1)
    await show(ben, false)
    await cardOf(page, ben).waitFor({ state: 'detached' })
    await chipCount(page, 'online', 0)
    await untilHome(page, 'No plumber in Lyon is home now')
    expect(await page.getByTestId('home-count').textContent()).not.toContain(ben.name)
  })

  test('numbers of other statuses are live, and show who is meant', async () => {
    const { page } = await openAs(browser, street.as(ana, ONLINE))
    await street.come(ben)
    await cardOf(page, ben).waitFor()
    const init = { method: 'PATCH', as: ben, json: { status: 'away', message: null } }
    await street.market.http('/api/users/presence/status', init)
    await chipCount(page, 'away', 1)
    await chipCount(page, 'online', 0)
    await cardOf(page, ben).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Show the one who is away' }).click()
    await cardOf(page, ben).waitFor()
    expect(query(page)['online_status']).toBe('online,away')
    await street.market.http('/api/users/presence/status', { ...init, json: { status: 'online', message: null } })
  })
})

describe('a pointer over the list', () => {
  test('keeps every card where it is, and who came waits behind a pill', async () => {
    const { page } = await openAs(browser, street.as(ana))
    await untilShown(page, 12)
    const before = await shownIds(page)
    const third = before[2] ?? ''
    await cardOf(page, { id: third }).hover()
    const place = await cardOf(page, { id: third }).boundingBox()

    // Of the twelve who come none was among the first twelve, so all of these would be pushed out.
    const came: string[] = []
    for (let index = 0; came.length < 12; index += 1) {
      const person = await street.provider(index)
      if (before.includes(person.id)) continue
      came.push(person.id)
      await street.come(person)
    }
    await page.getByText('12 more came online').waitFor()
    expect(await shownIds(page)).toEqual(before)
    expect(await cardOf(page, { id: third }).boundingBox()).toEqual(place)
    await page.getByTestId('announcer').filter({ hasText: 'more to show' }).waitFor()
    await photograph(page, 'street-pill-desktop')

    await page.getByTestId('entering-pill').click()
    await page.waitForFunction(
      (ids) =>
        [...document.querySelectorAll('[data-testid="provider-card"]')].every((card) =>
          ids.includes(card.getAttribute('data-provider-id') ?? ''),
        ),
      came,
    )
    expect((await shownIds(page)).toSorted()).toEqual(came.toSorted())
    await page.getByTestId('entering-pill').waitFor({ state: 'detached' })
  })

  test('lets go when it leaves', async () => {
    const { page } = await openAs(browser, street.as(ana, ONLINE))
    await street.come(carla)
    await cardOf(page, carla).hover()
    await street.come(ben)
    await page.getByText('1 more came online').waitFor()
    expect(await cardOf(page, ben).count()).toBe(0)
    await page.mouse.move(5, 5)
    await cardOf(page, ben).waitFor()
  })
})

describe('the address', () => {
  test('means the same list after a reload, in another window, and on the way back', async () => {
    const { page, errors } = await openAs(browser, street.as(ana))
    await untilShown(page, 12)
    await page.getByLabel('In order of').selectOption('price')
    await page.getByLabel('Rating, at least').fill('4.5')
    await page.waitForURL(/min_rating=4\.5/)
    await page.getByLabel('Price, € an hour, at most').fill('60')
    await page.waitForURL(/max_price=60/)
    const { body } = await street.market.http(`/api/providers?${new URLSearchParams({ ...query(page), limit: '12' })}`)
    const wanted: string[] = body.providers.map(({ id }: { id: string }) => id)
    expect(wanted.length).toBeGreaterThan(2)
    const untilWanted = (of: Page) =>
      of.waitForFunction(
        (ids) =>
          [...document.querySelectorAll('[data-testid="provider-card"]')]
            .map((card) => card.getAttribute('data-provider-id'))
            .join() === ids.join(),
        wanted,
      )
    await untilWanted(page)
    await photograph(page, 'street-filters-desktop')

    await page.reload()
    await untilWanted(page)
    expect(await page.getByLabel('In order of').inputValue()).toBe('price')
    expect(await page.getByLabel('Rating, at least').inputValue()).toBe('4.5')
    const other = await openAs(browser, page.url())
    await untilWanted(other.page)

    await page.goBack()
    await page.waitForFunction(() => !window.location.search.includes('min_rating'))
    expect(query(page)).toMatchObject({ sort: 'price' })
    expect(await page.getByLabel('Rating, at least').inputValue()).toBe('')
    await page.goBack()
    await page.waitForFunction(() => !window.location.search.includes('sort'))
    await page.goForward()
    await page.waitForFunction(() => window.location.search.includes('sort=price'))
    expect([...errors, ...other.errors]).toEqual([])
  })

  test('follows what is typed, a moment after the last key, as one step', async () => {
    const { page } = await openAs(browser, street.as(ana))
    await untilShown(page, 12)
    const word = ben.name.split(' ').at(-1) ?? ''
    await page.getByLabel('Part of the name').pressSequentially(word, { delay: 20 })
    await cardOf(page, ben).waitFor()
    await page.waitForFunction((name) => new URLSearchParams(window.location.search).get('name') === name, word)
    await page.waitForFunction(
      (part) =>
        [...document.querySelectorAll<HTMLElement>('[data-testid="provider-card"]')].every(({ dataset }) =>
          dataset['name']?.includes(part),
        ),
      word,
    )
    await page.goBack()
    await untilShown(page, 12)
    expect(await page.getByLabel('Part of the name').inputValue()).toBe('')

    await page.getByLabel('Part of the name').fill('nobody is called that')
    await page.getByText('Nobody called “nobody is called that” fits').waitFor()
    await photograph(page, 'street-nobody-desktop')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Clear the filters' }).last().click()
    await untilShown(page, 12)
  })

  test('finds a list as it was left for somebody’s own page', async () => {
    const { page } = await openAs(browser, street.as(ana))
    await untilShown(page, 12)
    await page.getByRole('button', { name: 'Show more' }).click()
    await untilShown(page, 24)
    expect(query(page)['limit']).toBe('24')
    const last = (await shownIds(page)).at(-1) ?? ''
    await cardOf(page, { id: last }).getByRole('link').click()
    await page.getByTestId('provider-page').waitFor()
    await page.goBack()
    await cardOf(page, { id: last }).waitFor()
    expect(await cards(page).count()).toBe(24)
    expect(await cardOf(page, { id: last }).isVisible()).toBe(true)
    expect(await page.evaluate(() => window.scrollY)).toBeGreaterThan(500)
  })
})

describe('by keyboard alone', () => {
  test('filters, goes from card to card, asks for more, opens somebody and comes back', async () => {
    const { page } = await openAs(browser, street.as(ana))
    await untilShown(page, 12)
    const ids = await shownIds(page)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await press(page, 'Tab', () => focusedCard(page))
    expect(await focusedCard(page)).toBe(ids[0])
    await page.keyboard.press('ArrowRight')
    expect(await focusedCard(page)).toBe(ids[1])
    await page.keyboard.press('ArrowDown')
    expect(await focusedCard(page)).toBe(ids[3])
    await page.keyboard.press('End')
    expect(await focusedCard(page)).toBe(ids[11])
    await page.keyboard.press('Home')
    expect(await focusedCard(page)).toBe(ids[0])

    // What has the focus stays where it is, too.
    const place = await cardOf(page, { id: ids[0] ?? '' }).boundingBox()
    const newcomer = (await Promise.all([12, 13, 14, 15].map(street.provider))).find(({ id }) => !ids.includes(id))
    await street.come(newcomer ?? ben)
    await page.getByText('1 more came online').waitFor()
    expect(await cardOf(page, { id: ids[0] ?? '' }).boundingBox()).toEqual(place)
    await photograph(page, 'street-focus-desktop')
    await press(page, 'Shift+Tab', () => page.locator('[data-testid="entering-pill"]:focus').count())
    await page.keyboard.press('Enter')
    await page.waitForFunction(
      (id) => document.activeElement?.closest('[data-provider-id]')?.getAttribute('data-provider-id') === id,
      newcomer?.id,
    )

    await page.keyboard.press('End')
    await press(page, 'Tab', () => page.locator('.show-more:focus').count())
    await page.keyboard.press('Enter')
    await untilShown(page, 24)
    const more = await shownIds(page)
    await page.waitForFunction(
      (id) => document.activeElement?.closest('[data-provider-id]')?.getAttribute('data-provider-id') === id,
      more[12],
    )
    await page.keyboard.press('Enter')
    await page.getByTestId('provider-page').waitFor()
    await page.goBack()
    await untilShown(page, 24)
  })

  test('opens the filters of a phone, and closes them', async () => {
    const { page } = await openAs(browser, street.as(ana), PHONE)
    await untilShown(page, 12)
    const filters = page.getByRole('button', { name: /^Filters/ })
    await filters.focus()
    await page.keyboard.press('Enter')
    await page.getByTestId('filter-sheet').waitFor()
    await page.getByLabel('Part of the name').focus()
    await page.keyboard.type('nobody')
    await page.waitForURL(/name=nobody/)
    await page.getByText('Nobody fits all of that').waitFor()
    await page.getByRole('button', { name: 'Nobody fits all of that' }).press('Enter')
    await page.getByTestId('filter-sheet').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Filters/)
    await page.getByText('Nobody called “nobody” fits').waitFor()
  })
})

/** Presses a key until it has led somewhere. */
async function press(page: Page, key: string, isThere: () => Promise<unknown>): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press(key)
    if (await isThere()) return
  }
  throw new Error(`60 times ${key} led nowhere`)
}

test('shows everybody once, beyond what is watched, too', async () => {
  const { page } = await openAs(browser, street.as(ana, '&limit=96'))
  await untilShown(page, 96)
  await page.getByRole('button', { name: 'Show more' }).click()
  await untilShown(page, 192)
  await page.getByRole('button', { name: 'Show more' }).click()
  await untilShown(page, 200)
  expect(new Set(await shownIds(page)).size).toBe(200)
  expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
})

test('nothing moves for whoever asked for stillness', async () => {
  const { page } = await openAs(browser, street.as(ana, ONLINE), { reducedMotion: 'reduce' })
  await street.come(ben)
  await cardOf(page, ben).waitFor()
  const { animation, transition } = await cardOf(page, ben).evaluate((card) => {
    const { animationName, transitionDuration, transitionProperty } = getComputedStyle(card)
    return { animation: animationName, transition: `${transitionProperty} ${transitionDuration}` }
  })
  expect(animation).toBe('none')
  expect(transition).toMatch(/^(none|all) 0s$/)
})

describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
  test.each(['phone', 'desktop'] as const)('nothing keeps anybody out on a %s, and it fits', async (size) => {
    const device = size === 'phone' ? PHONE : {}
    const { page, errors } = await openAs(browser, street.as(ana), { colorScheme, ...device })
    await street.come(ben)
    await street.come(carla)
    await untilShown(page, 12)
    await untilHome(page, '2 plumbers in Lyon are home now')
    await photograph(page, `street-${size}-${colorScheme}`)
    expect(await violations(page)).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)

    if (size === 'phone') {
      await page.getByRole('button', { name: /^Filters/ }).click()
      await page.getByTestId('filter-sheet').waitFor()
      await photograph(page, `street-sheet-${size}-${colorScheme}`)
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('Escape')
    }
    await page.getByTestId('chip-online').click()
    await untilShown(page, 2)
    await photograph(page, `street-narrow-${size}-${colorScheme}`)
    expect(await violations(page)).toEqual([])
    expect(errors).toEqual([])
  })
})
