import { expect, test } from 'vitest'
import type { ErrorReply, RenewReply } from '../protocol/events.ts'
import { createRenewal } from './renewal.ts'
import { createTokens } from './token.ts'

const NOW = 1_000_000_000
const OK: RenewReply = { ok: true, expires_at: null }
const refused = (code: string): ErrorReply => ({ ok: false, error: { code, message: '', retryable: false } })

test('R60 brings the next token between thirty and fifteen seconds before the end, each time', async () => {
  const page = setUp({ chance: 1 })
  page.renewal.start(tokenUntil(600))
  page.next = tokenUntil(1_200)
  await page.pass(584_999)
  expect(page.sent).toEqual([])
  await page.pass(1)
  expect(page.sent).toEqual([tokenUntil(1_200)])
  page.next = tokenUntil(1_800)
  await page.pass(600_000)
  expect(page.sent).toEqual([tokenUntil(1_200), tokenUntil(1_800)])
})

test('R60 brings a token that lives shorter than that in the second half of its life', async () => {
  const page = setUp({ chance: 0 })
  page.renewal.start(tokenUntil(10))
  page.next = tokenUntil(20)
  await page.pass(4_999)
  expect(page.sent).toEqual([])
  await page.pass(1)
  expect(page.sent).toEqual([tokenUntil(20)])
})

test('asks again while the page brings the same, or nothing, or the server does not take it; never after the end', async () => {
  const page = setUp({ chance: 0 })
  page.renewal.start(tokenUntil(60))
  page.next = tokenUntil(60)
  await page.pass(30_000)
  page.next = null
  await page.pass(3_000)
  page.next = tokenUntil(120)
  page.reply = refused('UNAUTHENTICATED')
  await page.pass(3_000)
  expect(page.asked.at(-1)).toBe(false)
  await page.pass(3_000)
  expect(page.asked.at(-1)).toBe(true)
  expect(page.sent).toEqual([tokenUntil(120), tokenUntil(120)])
  await page.pass(600_000)
  expect(page.sent.length).toBeLessThan(10)
})

test('asks no more of a server that does not renew, of a token without an end, and after it stopped', async () => {
  const page = setUp({ chance: 0 })
  page.reply = refused('NOT_FOUND')
  page.next = tokenUntil(120)
  page.renewal.start(tokenUntil(60))
  await page.pass(59_000)
  expect(page.sent).toHaveLength(1)
  page.renewal.start('opaque')
  await page.pass(600_000)
  page.renewal.start(tokenUntil(2_000))
  page.renewal.stop()
  await page.pass(1_400_000)
  expect(page.sent).toHaveLength(1)
})

/** A token that says of itself that it ends so many seconds after the start of a test. */
const tokenUntil = (seconds: number): string => `x.${btoa(JSON.stringify({ exp: NOW / 1_000 + seconds }))}.x`

function setUp({ chance }: { chance: number }) {
  let now = NOW
  const timers = new Set<{ at: number; run: () => void }>()
  const page = {
    next: null as string | null,
    reply: OK as RenewReply | ErrorReply,
    asked: [] as boolean[],
    sent: [] as string[],
  }
  const clock = {
    now: () => now,
    after(ms: number, run: () => void) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
  }
  const ask = async ({ refresh }: { refresh: boolean }): Promise<string> => {
    page.asked.push(refresh)
    if (page.next === null) throw new Error('no token now')
    return page.next
  }
  const send = async (token: string) => {
    page.sent.push(token)
    return page.reply
  }
  const renewal = createRenewal(clock, createTokens(ask, clock), send, () => chance)
  return Object.assign(page, {
    renewal,
    async pass(ms: number) {
      const until = now + ms
      for (;;) {
        const [due] = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)
        if (!due) break
        timers.delete(due)
        now = Math.max(now, due.at)
        due.run()
        await new Promise((done) => setImmediate(done))
      }
      now = until
    },
  })
}
