import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
const DESKTOP = { width: 1440, height: 900 }

export const EXECUTABLE = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

export const launchBrowser = (): Promise<Browser> => chromium.launch({ executablePath: EXECUTABLE, args: FLAGS })

/** Opens the marketplace as this person, in a browser profile of its own; errors on the page fail the test. */
export async function openAs(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ viewport: DESKTOP, ...options })
  // Before the test's own time is up, so that a failure names what it waited for.
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await page.goto(url)
  return { page, errors }
}

/** Keeps a picture of the page as it looks now. */
export async function photograph(page: Page, name: string): Promise<void> {
  const folder = join(import.meta.dirname, 'screenshots')
  await mkdir(folder, { recursive: true })
  // Fades are shown finished, so that a picture does not depend on the moment.
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
}
