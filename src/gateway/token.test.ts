import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTokens, ENDLESS_MS } from './token.ts'

const ALICE = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'
const secret = 'a secret that is long enough for a test'
const NOW = Date.UTC(2030, 0, 1, 12)
const NOW_S = NOW / 1000
const clock = () => NOW
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED', retryable: false })
const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true })

describe('a token with the shared secret', () => {
  const tokens = createTokens({ secret, clock })

  test('names its user in canonical form, when it was issued and until when it holds', async () => {
    const token = await tokens.sign?.(ALICE.toUpperCase(), { expiresIn: 60 })
    expect(await tokens.verify(token ?? '')).toEqual({ userId: ALICE, issuedAt: NOW, expiresAt: NOW + 60_000 })
  })

  test.each<[name: string, token: () => Promise<string> | string]>([
    ['nothing', () => ''],
    ['garbage', () => 'a.b.c'],
    ['a forged signature', () => sign('HS256', `another ${secret}`)],
    ['another algorithm', () => sign('HS512', secret.repeat(3))],
    ['no algorithm', () => `${encode({ alg: 'none' })}.${encode({ sub: ALICE })}.`],
    ['a user who cannot be', () => sign('HS256', secret, { sub: 'alice' })],
    ['a number for a user', () => sign('HS256', secret, { sub: 7 as unknown as string })],
    ['no user', () => sign('HS256', secret, {})],
    ['a time gone by', async () => (await tokens.sign?.(ALICE, { expiresIn: 0 })) ?? ''],
    ['a time to come', () => sign('HS256', secret, { sub: ALICE, nbf: NOW_S + 1 })],
  ])('R52 is refused when it is %s', async (_name, token) => {
    await expect(tokens.verify(await token())).rejects.toEqual(unauthenticated)
  })

  test('R60 without an end is relied on for twelve hours, unless it has to have one', async () => {
    const endless = await sign('HS256', secret)
    expect(await tokens.verify(endless)).toEqual({ userId: ALICE, issuedAt: null, expiresAt: NOW + ENDLESS_MS })
    await expect(createTokens({ secret, requireExp: true }).verify(endless)).rejects.toEqual(unauthenticated)
  })

  test('R60 is taken within the tolerance before and after its time, and not beyond', async () => {
    const tolerant = createTokens({ secret, clock, clockToleranceS: 10 })
    const around = (exp: number, nbf: number) => sign('HS256', secret, { sub: ALICE, exp, nbf })
    expect(await tolerant.verify(await around(NOW_S - 9, NOW_S - 100))).toMatchObject({ expiresAt: NOW + 1_000 })
    await expect(tolerant.verify(await around(NOW_S - 10, NOW_S - 100))).rejects.toEqual(unauthenticated)
    await tolerant.verify(await around(NOW_S + 100, NOW_S + 10))
    await expect(tolerant.verify(await around(NOW_S + 100, NOW_S + 11))).rejects.toEqual(unauthenticated)
  })

  test('has to be meant for us and come from whom we trust, when we say so', async () => {
    const strict = createTokens({ secret, clock, audience: ['market', 'shop'], issuer: ['https://id.example'] })
    expect(await strict.verify((await strict.sign?.(ALICE)) ?? '')).toMatchObject({ userId: ALICE })
    const good = { sub: ALICE, aud: ['x', 'shop'], iss: 'https://id.example' }
    await strict.verify(await sign('HS256', secret, good))
    for (const bad of [{ aud: 'x' }, { iss: 'https://evil.example' }, { aud: undefined }, { iss: undefined }]) {
      const token = await sign('HS256', secret, JSON.parse(JSON.stringify({ ...good, ...bad })) as JWTPayload)
      await expect(strict.verify(token)).rejects.toEqual(unauthenticated)
    }
  })

  test('signed with the secret before is accepted while that is named, and new ones are signed with the new', async () => {
    const next = 'the secret that came after it'
    const both = createTokens({ secret: next, previousSecret: secret, clock })
    const old = (await tokens.sign?.(ALICE)) ?? ''
    expect(await both.verify(old)).toMatchObject({ userId: ALICE })
    const fresh = (await both.sign?.(ALICE)) ?? ''
    expect(await createTokens({ secret: next, clock }).verify(fresh)).toMatchObject({ userId: ALICE })
    await expect(tokens.verify(fresh)).rejects.toEqual(unauthenticated)
    await expect(createTokens({ secret: next, clock }).verify(old)).rejects.toEqual(unauthenticated)
    await expect(both.verify(await sign('HS256', 'a third secret'))).rejects.toEqual(unauthenticated)
  })
})

describe('a token with published keys', () => {
  /** An issuer whose keys can be changed, and whose place can be taken down. */
  const published: { keys: object[]; status: number; reads: number } = { keys: [], status: 200, reads: 0 }
  let server: Server
  let jwksUrl: string

  beforeAll(async () => {
    server = await listen(
      createServer((_request, response) => {
        published.reads += 1
        response.writeHead(published.status).end(JSON.stringify({ keys: published.keys }))
      }),
    )
    jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  })
  afterAll(() => void server.close())
  afterEach(() => {
    vi.useRealTimers()
    Object.assign(published, { keys: [], status: 200, reads: 0 })
  })

  async function key(kid: string) {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }
    const token = await new SignJWT({ sub: ALICE }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
    return { jwk, token }
  }
  const at = (ms: number) => vi.setSystemTime(NOW + ms)
  const until = (fits: () => boolean) => vi.waitFor(() => expect(fits()).toBe(true))

  test('names its user', async () => {
    const { jwk, token } = await key('k1')
    published.keys = [jwk]
    expect(await createTokens({ jwksUrl }).verify(token)).toMatchObject({ userId: ALICE })
  })

  test('R52 is refused when it is signed with a shared secret', async () => {
    const shared = await createTokens({ secret }).sign?.(ALICE)
    await expect(createTokens({ jwksUrl }).verify(shared ?? '')).rejects.toEqual(unauthenticated)
  })

  test('R52 can be tried again when the keys cannot be read', async () => {
    const { token } = await key('k1')
    published.status = 500
    await expect(createTokens({ jwksUrl }).verify(token)).rejects.toEqual(unavailable)
    const nobody = createTokens({ jwksUrl: 'http://127.0.0.1:1/keys' })
    await expect(nobody.verify(token)).rejects.toEqual(unavailable)
  })

  test('R60 of a new key is accepted at once: keys are read again, but not for every one that somebody makes up', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    const [first, second, madeUp] = [await key('k1'), await key('k2'), await key('k3')]
    published.keys = [first.jwk]
    const tokens = createTokens({ jwksUrl, clock })
    await tokens.verify(first.token)
    published.keys = [first.jwk, second.jwk]
    await expect(tokens.verify(second.token)).rejects.toEqual(unavailable)
    at(10_001)
    expect(await tokens.verify(second.token)).toMatchObject({ userId: ALICE })
    expect(published.reads).toBe(2)
    at(30_000)
    await expect(tokens.verify(madeUp.token)).rejects.toEqual(unauthenticated)
    for (let i = 0; i < 50; i += 1) await expect(tokens.verify(madeUp.token)).rejects.toEqual(unavailable)
    expect(published.reads).toBe(3)
  })

  test('R60 of a known key goes on being accepted while the keys cannot be read; for a day at most', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    const [known, unknown] = [await key('k1'), await key('k2')]
    published.keys = [known.jwk]
    const tokens = createTokens({ jwksUrl, clock })
    await tokens.verify(known.token)
    published.status = 503
    at(3_600_000)
    await tokens.verify(known.token)
    await until(() => published.reads === 2)
    await expect(tokens.verify(unknown.token)).rejects.toEqual(unavailable)
    await tokens.verify(known.token)
    at(24 * 3_600_000 + 1)
    await expect(tokens.verify(known.token)).rejects.toEqual(unavailable)
  })

  test('R60 of a key that was withdrawn is refused once the keys were read again in passing', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    const [first, second] = [await key('k1'), await key('k2')]
    published.keys = [first.jwk, second.jwk]
    const tokens = createTokens({ jwksUrl, clock })
    await tokens.verify(first.token)
    published.keys = [second.jwk]
    at(599_999)
    await tokens.verify(first.token)
    expect(published.reads).toBe(1)
    at(600_000)
    // Nobody waits for the keys.
    await tokens.verify(first.token)
    await until(() => published.reads === 2)
    await vi.waitFor(() => expect(tokens.verify(first.token)).rejects.toThrow())
  })
})

test.each([{}, { secret: '' }, { secret, jwksUrl: 'http://localhost/keys' }, { jwksUrl: 'keys' }])(
  'R52 refuses to start with %j',
  (options) => {
    expect(() => createTokens(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  },
)

const sign = (alg: string, key: string, payload: JWTPayload = { sub: ALICE }): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key))

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
