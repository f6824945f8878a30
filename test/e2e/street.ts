import type { Page } from 'playwright-core'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { type Client, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase } from '../support/postgres.ts'

/** The marketplace with all its 200 providers in one street: plumbers of Lyon. */
export interface Street {
  readonly market: Marketplace
  /** The way to its PostgreSQL. */
  readonly way: CuttableProxy
  /** The page's address of the street, for this person. */
  as(person: Person, filters?: string): string
  provider(index: number): Promise<Person>
  /** Somebody is home until `leaveAll`. */
  come(person: Person): Promise<Client>
  leaveAll(): Promise<void>
  stop(): Promise<void>
}

export async function openStreet(): Promise<Street> {
  const database = await createTestDatabase({ marketplace: true })
  await database.sequelize.query(`
    update providers set
      city_id = (select id from cities where name = 'Lyon'), service_id = (select id from services where slug = 'plumber');
    insert into provider_services select user_id, service_id from providers on conflict do nothing;
  `)
  const address = new URL(database.url)
  const way = await startCuttableProxy(Number(address.port))
  address.port = String(way.port)
  let offset = 0
  const market = await startMarketplace(
    { PRESENCE_BREAKER_FAILURES: '3', PRESENCE_BREAKER_COOLDOWN_MS: '100', LOG_LEVEL: 'silent' },
    { database: { ...database, url: address.href }, clock: () => Date.now() + offset },
  )
  const { body } = await market.http('/api/providers?limit=1')
  const [{ city_id, service_id }] = body.providers
  const home: Client[] = []
  return {
    market,
    way,
    as: (person, filters = '') =>
      `${market.url}/?city_id=${city_id}&service_id=${service_id}${filters}&as=${person.id}`,
    provider: (index) => market.person('provider', index),
    async come(person) {
      const client = await market.connect(person)
      home.push(client)
      return client
    },
    async leaveAll() {
      for (const client of home.splice(0)) client.leave()
      await market.untilConnections(0)
      // Whoever was lost without a goodbye is gone, too.
      offset += 11_000
    },
    async stop() {
      await market.stop()
      await database.drop()
      await way.stop()
    },
  }
}

export const cards = (page: Page) => page.getByTestId('provider-card')

export const cardOf = (page: Page, { id }: Pick<Person, 'id'>) =>
  page.locator(`[data-testid="provider-card"][data-provider-id="${id}"]`)

/** Who is shown, in order. */
export const shownIds = (page: Page): Promise<string[]> =>
  cards(page).evaluateAll((shown) => shown.map((card) => card.getAttribute('data-provider-id') ?? ''))

/** Waits until exactly so many are shown. */
export const untilShown = async (page: Page, count: number): Promise<void> => {
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('[data-testid="provider-card"]').length === wanted,
    count,
  )
}

/** The sentence under the houses. */
export const untilHome = (page: Page, sentence: string): Promise<void> =>
  page.getByTestId('home-count').filter({ hasText: sentence }).waitFor()
