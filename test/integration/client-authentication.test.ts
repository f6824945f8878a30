import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createPresenceClient, type PresenceClient } from '../../src/client/index.ts'
import { type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

const SECRET = new TextEncoder().encode('secret of this test')

let market: Marketplace
let next = 0
const clients: PresenceClient[] = []

beforeAll(async () => {
  market = await startMarketplace()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await market.untilConnections(0)
})
afterAll(() => market.stop())

const tokenOf = ({ id }: Person, seconds: number, claims: object = {}): Promise<string> =>
  new SignJWT({ sub: id, exp: Math.floor(Date.now() / 1000) + seconds, iat: Date.now() / 1000, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(SECRET)

/** A client that is live, and each state of its connection from then on. */
async function live(token: (refresh: boolean) => string | Promise<string>) {
  const client = createPresenceClient({ url: market.url, token: ({ refresh }) => token(refresh), share: 'tab' })
  clients.push(client)
  client.connect()
  await until(client, ({ state }) => state === 'live')
  const states: string[] = []
  client.connection.subscribe(() => states.push(client.connection.get().state))
  return { client, states }
}

const until = (client: PresenceClient, fits: (info: ReturnType<PresenceClient['connection']['get']>) => boolean) =>
  new Promise<void>((done) => {
    const look = () => {
      if (!fits(client.connection.get())) return
      stop()
      done()
    }
    const stop = client.connection.subscribe(look)
    look()
  })

const somebody = () => market.person('provider', (next += 1))

test('R60 the SDK brings its next token in place, before the one at hand ends', async () => {
  const ada = await somebody()
  let asked = 0
  const renewed = new Promise<void>((done) => {
    market.server.io.once('connection', (socket) => {
      socket.on('renew', (_payload: unknown) => done())
    })
  })
  const { states } = await live(async () => {
    asked += 1
    return await tokenOf(ada, asked === 1 ? 3 : 600)
  })
  await renewed
  expect([asked, states]).toEqual([2, []])
})

test('R60 R62 one whose token ended all the same comes back with another, and asks its page for it', async () => {
  const ada = await somebody()
  const reasons: boolean[] = []
  // The store's clock is moved, the client's is not: it does not see the end come.
  const { client } = await live(async (refresh) => {
    reasons.push(refresh)
    return await tokenOf(ada, reasons.length === 1 ? 60 : 6_000)
  })
  const lost = until(client, ({ state }) => state === 'connecting')
  market.advance(61_000)
  await lost
  await until(client, ({ state }) => state === 'live')
  expect(reasons).toEqual([false, true])
})

test.each([
  ['banned', (id: string) => market.server.presence.service.ban(id)],
  ['user-deleted', (id: string) => market.server.presence.service.userDeleted(id)],
  ['signed-out', (id: string) => market.server.presence.service.signOutEverywhere(id)],
] as const)('R62 it understands that it is %s, and stops', async (reason, act) => {
  const ada = await somebody()
  const { client } = await live(() => tokenOf(ada, 600))
  const closed = until(client, ({ state }) => state === 'closed')
  await act(ada.id)
  await closed
  expect(client.connection.get().reason).toBe(reason)
})

test('R62 somebody banned is told so when they come, without their page being asked for another token', async () => {
  const ada = await somebody()
  await market.server.presence.service.ban(ada.id)
  let asked = 0
  const client = createPresenceClient({
    url: market.url,
    share: 'tab',
    token: () => {
      asked += 1
      return tokenOf(ada, 600)
    },
  })
  clients.push(client)
  client.connect()
  await until(client, ({ state, reason }) => state === 'closed' && reason === 'banned')
  expect(asked).toBe(1)
})
