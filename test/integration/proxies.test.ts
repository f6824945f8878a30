import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { startNginx, type TestNginx } from '../support/nginx.ts'

/** The nginx of the tests believes what they say about an address, as if it stood behind another proxy. */
const ADDRESS = { ours: '203.0.113.9', another: '198.51.100.7' }

let trusting: Marketplace
let doubting: Marketplace
let proxies: { trusting: TestNginx; doubting: TestNginx }
let ana: Person

beforeAll(async () => {
  const few = { PRESENCE_SEARCHES_PER_MINUTE: '2' }
  trusting = await startMarketplace({ TRUST_PROXY: '1', ...few })
  doubting = await startMarketplace(few)
  proxies = {
    trusting: await startNginx('sticky', [trusting.url]),
    doubting: await startNginx('sticky', [doubting.url]),
  }
  ana = await trusting.person('client')
})
afterAll(async () => {
  await Promise.all([proxies.trusting.stop(), proxies.doubting.stop()])
  await Promise.all([trusting.stop(), doubting.stop()])
})

const search = async (url: string, forwarded: string): Promise<number> =>
  (await fetch(`${url}/api/providers`, { headers: { 'x-forwarded-for': forwarded } })).status

/** The address that a device is told to have, connecting with this header. */
async function addressSeen(url: string, forwarded: string, transports: string[]): Promise<unknown> {
  const extraHeaders = { 'x-forwarded-for': forwarded }
  const socket = io(url, { auth: { token: ana.token }, transports, extraHeaders, forceNew: true, reconnection: false })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('selfPresence', () => resolve())
      socket.once('connect_error', reject)
    })
    // Written behind, so asked until it is there.
    for (;;) {
      const { body } = await trusting.http('/api/users/presence/sessions', { as: ana })
      const [session] = body.sessions as { is_active: boolean; ip_address: string | null }[]
      if (session?.ip_address) return session.ip_address
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  } finally {
    socket.disconnect()
    await trusting.untilConnections(0)
  }
}

test('R53 behind nginx each client has limits of its own, whatever else it claims', async () => {
  const { url } = proxies.trusting
  expect(await search(url, ADDRESS.ours)).toBe(200)
  // What the client puts before is not believed: the address that nginx saw comes last.
  expect(await search(url, `6.6.6.6, ${ADDRESS.ours}`)).toBe(200)
  expect(await search(url, `7.7.7.7, ${ADDRESS.ours}`)).toBe(429)
  expect(await search(url, ADDRESS.another)).toBe(200)
})

test('R53 a proxy that nobody vouches for is not believed', async () => {
  const { url } = proxies.doubting
  expect(await search(url, '1.1.1.1')).toBe(200)
  expect(await search(url, '2.2.2.2')).toBe(200)
  expect(await search(url, '3.3.3.3')).toBe(429)
})

test('R53 past the proxy nobody can claim an address when the proxies are named', async () => {
  const named = await startMarketplace({ TRUST_PROXY: '10.0.0.0/8', PRESENCE_SEARCHES_PER_MINUTE: '1' })
  expect(await search(named.url, '1.1.1.1')).toBe(200)
  expect(await search(named.url, '2.2.2.2')).toBe(429)
  await named.stop()
})

test.each([['websocket'], ['polling']])(
  'R53 a device connected by %s is told the address that nginx saw',
  async (transport) => {
    const { url } = proxies.trusting
    expect(await addressSeen(url, `6.6.6.6, ${ADDRESS.ours}`, [transport])).toBe(ADDRESS.ours)
  },
)

test('R53 a page of its own may connect through nginx, another may not', async () => {
  const { url } = proxies.trusting
  const handshake = async (origin: string) =>
    (await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin, 'x-forwarded-for': '9.9.9.9' } }))
      .status
  expect(await handshake(url)).toBe(200)
  expect(await handshake('https://evil.example')).toBe(403)
})
