import type { PresenceClientOptions } from './contract.ts'
import type { Timers } from './surroundings.ts'

/** The token at hand, and how to get the next one. */
export interface Tokens {
  /** The token at hand, or another one when it is about to expire. Rejects as the page's callback does. */
  get(): Promise<string>
  /** Says that the server did not take this token: the next `get` asks for another, unless one came meanwhile. */
  refused(token: string): void
}

/** Milliseconds before its expiry at which a token counts as old: a request made with it may still be under way then. */
export const AHEAD_MS = 30_000

/** Milliseconds after which a page that was asked for a token counts as not answering. */
const ANSWER_MS = 20_000

export function createTokens(ask: PresenceClientOptions['token'], { now, after }: Timers): Tokens {
  let current: { token: string; askAgainAt: number } | null = null
  let refresh = false
  let asking: Promise<string> | null = null

  async function askNow(): Promise<string> {
    const token = await inTime(ask({ refresh }))
    refresh = false
    const expiresAt = claimsOf(token).exp
    // Whoever hands out tokens that live shorter than this is asked every time.
    current = { token, askAgainAt: expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt * 1_000 - AHEAD_MS }
    return token
  }

  /** Whoever never answers must be asked again, else nothing would ever connect. */
  const inTime = (answer: string | Promise<string>): Promise<string> =>
    new Promise((resolve, reject) => {
      const stop = after(ANSWER_MS, () => reject(new Error('The page did not bring a token in time.')))
      void Promise.resolve(answer).then(resolve, reject).finally(stop)
    })

  return {
    async get() {
      if (current && now() < current.askAgainAt) return current.token
      // One question at a time, whoever waits for it.
      asking ??= askNow().finally(() => {
        asking = null
      })
      return await asking
    },
    refused(token) {
      if (current?.token !== token) return
      current = null
      refresh = true
    },
  }
}

/** What a JWT says about itself, not checked: that is the server's business. An opaque token says nothing. */
export function claimsOf(token: string): { readonly sub?: string; readonly exp?: number } {
  try {
    const base64 = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0)
    const { sub, exp } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    return { ...(typeof sub === 'string' ? { sub } : {}), ...(typeof exp === 'number' ? { exp } : {}) }
  } catch {
    return {}
  }
}
