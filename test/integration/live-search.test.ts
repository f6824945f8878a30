import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

describe('a watched search', () => {
  let market: Marketplace
  let ana: Person

  beforeAll(async () => {
    market = await startMarketplace()
    ana = await market.person('client')
  })
  afterAll(() => market.stop())

  test('is answered by its window and told what becomes of it', async () => {
    const client: Client = await market.connect(ana)
    const first = await client.ask('watchProviders', { limit: 5 })
    expect(first).toMatchObject({ ok: true, seq: 0, stale: false })
    const { providers } = first as { providers: { presence: { userId: string } }[] }
    console.log(JSON.stringify(first).slice(0,800));const ben = providers[2]?.presence.userId ?? ''
    await market.server.presence.service.setUserOnline(ben, 'phone')
    console.log(JSON.stringify(await client.hears('providersDiff', { seq: 1 })))
    console.log(JSON.stringify(await client.hears('providersDiff', { seq: 2 })))
  })
})
