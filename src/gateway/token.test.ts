import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, describe, expect, test } from 'vitest'
import { createTokens } from './token.ts'

const ALICE = '0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'
const secret = 'a secret that is long enough for a test'
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED', retryable: false })

describe('a token with the shared secret', () => {
  const tokens = createTokens({ secret })

  test('names its user in canonical form', async () => {
    const token = await tokens.sign?.(ALICE.toUpperCase())
    expect(await tokens.verify(token ?? '')).toEqual({ userId: ALICE })
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
    ['a time gone by', async () => (await tokens.sign?.(ALICE, { expiresIn: -1 })) ?? ''],
  ])('R52 is refused when it is %s', async (_name, token) => {
    await expect(tokens.verify(await token())).rejects.toEqual(unauthenticated)
  })
})

describe('a token with published keys', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] }
  let answer: { status: number; body: string } = { status: 200, body: JSON.stringify(keys) }
  const server = await listen(createServer((_request, response) => response.writeHead(answer.status).end(answer.body)))
  afterAll(() => void server.close())
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  const signed = await new SignJWT({ sub: ALICE }).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey)

  test('names its user', async () => {
    expect(await createTokens({ jwksUrl }).verify(signed)).toEqual({ userId: ALICE })
  })

  test('R52 is refused when it is signed with a shared secret', async () => {
    const shared = await createTokens({ secret }).sign?.(ALICE)
    await expect(createTokens({ jwksUrl }).verify(shared ?? '')).rejects.toEqual(unauthenticated)
  })

  test('R52 can be tried again when the keys cannot be read', async () => {
    answer = { status: 500, body: '' }
    const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true })
    await expect(createTokens({ jwksUrl }).verify(signed)).rejects.toEqual(unavailable)
    const nobody = createTokens({ jwksUrl: 'http://127.0.0.1:1/keys' })
    await expect(nobody.verify(signed)).rejects.toEqual(unavailable)
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
