import { describe, expect, test } from 'vitest'
import { claimsOf, createTokens } from './token.ts'

const NOW = 1_700_000_000_000

/** Time that stands still unless the test moves it; what is to happen after some of it never does. */
const clockAt = (now: () => number) => ({ now, after: () => () => {} })

describe('tokens', () => {
  test('are asked for once, by however many at the same time', async () => {
    let asked = 0
    const tokens = createTokens(
      async () => {
        asked += 1
        return 'opaque'
      },
      clockAt(() => NOW),
    )
    expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(['opaque', 'opaque'])
    await tokens.get()
    expect(asked).toBe(1)
  })

  test('are asked for again shortly before they expire, not as refused ones', async () => {
    let now = NOW
    const reasons: boolean[] = []
    const tokens = createTokens(
      ({ refresh }) => {
        reasons.push(refresh)
        return jwt({ exp: now / 1_000 + 60 })
      },
      clockAt(() => now),
    )
    await tokens.get()
    now += 29_000
    await tokens.get()
    expect(reasons).toEqual([false])
    now += 2_000
    await tokens.get()
    expect(reasons).toEqual([false, false])
  })

  test('are asked for anew when the page never answers', async () => {
    let giveUp = (): void => {}
    let asked = 0
    const after = (_ms: number, run: () => void) => {
      giveUp = run
      return () => {}
    }
    const tokens = createTokens(() => (asked++ === 0 ? new Promise(() => {}) : 'opaque'), { now: () => NOW, after })
    const first = tokens.get()
    giveUp()
    await expect(first).rejects.toThrow('did not bring a token')
    expect(await tokens.get()).toBe('opaque')
  })

  test('are asked for again when refused, unless another came meanwhile', async () => {
    const reasons: boolean[] = []
    const tokens = createTokens(
      ({ refresh }) => {
        reasons.push(refresh)
        return `token ${reasons.length}`
      },
      clockAt(() => NOW),
    )
    const first = await tokens.get()
    tokens.refused(first)
    expect(await tokens.get()).toBe('token 2')
    tokens.refused(first)
    expect(await tokens.get()).toBe('token 2')
    expect(reasons).toEqual([false, true])
  })

  test('that could not be had are asked for anew, for the same reason', async () => {
    const reasons: boolean[] = []
    const tokens = createTokens(
      ({ refresh }) => {
        reasons.push(refresh)
        if (reasons.length === 2) throw new Error('no network')
        return 'token'
      },
      clockAt(() => NOW),
    )
    tokens.refused(await tokens.get())
    await expect(tokens.get()).rejects.toThrow('no network')
    await tokens.get()
    expect(reasons).toEqual([false, true, true])
  })

  test('say who and until when, in base64url and any alphabet; others say nothing', () => {
    expect(claimsOf(jwt({ sub: 'Zoë-ÿþ?>', exp: 5 }))).toEqual({ sub: 'Zoë-ÿþ?>', exp: 5 })
    expect(claimsOf('opaque')).toEqual({})
    expect(claimsOf('a.b.c')).toEqual({})
    expect(claimsOf(jwt({ sub: 7, exp: 'soon' }))).toEqual({})
  })
})

const jwt = (claims: object): string => `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`
