import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Marketplace, startMarketplace } from '../support/marketplace.ts'
import { faultOf, jsonOf, readAnswer } from './answer.ts'
import { openLine } from './line.ts'
import { openWire } from './wire.ts'

let market: Marketplace

beforeAll(async () => {
  market = await startMarketplace({ PRESENCE_RATE_LIMIT: 'off' })
})
afterAll(() => market.stop())

/** What a server answers to these bytes. */
async function send(bytes: string) {
  const wire = await openWire(Number(new URL(market.url).port))
  wire.send(Buffer.from(bytes, 'latin1'))
  expect(await wire.settled()).toBe(true)
  const answer = readAnswer(wire.received())
  wire.drop()
  return { ...answer, fault: answer === null ? null : faultOf(answer, bytes), problem: jsonOf(answer?.body ?? '') }
}

describe('R52 what fuzzing found', () => {
  test('an expectation that nobody can meet is refused with a sentence', async () => {
    const answer = await send('PATCH /api/users/presence/status HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n')
    expect(answer).toMatchObject({ status: 417, fault: null, problem: { status: 417, code: 'INVALID_PAYLOAD' } })
  })

  test('R53 whoever asks for an event that there is none of is told so, whatever they call it', async () => {
    const { socket } = await market.connect(await market.person('client'))
    for (const event of ['stauts', 'error', '__proto__', 'toString']) {
      const reply: unknown = await socket.timeout(2_000).emitWithAck(event, { status: 'away' })
      expect(reply).toEqual({
        ok: false,
        error: { code: 'NOT_FOUND', message: 'There is no event of this name.', retryable: false },
      })
    }
  })

  test('R53 an event without so much as a name is answered, when an answer is asked for', async () => {
    const line = await openLine(market.url, (await market.person('client')).token)
    line?.send('427')
    expect(await line?.answer(7)).toMatchObject({ reply: { ok: false, error: { code: 'NOT_FOUND' } } })
    line?.close()
  })

  test('R53 a handshake nested too deeply to be measured is refused as too large, and ends no process', async () => {
    const address = `${market.url}/socket.io/?EIO=4&transport=polling`
    const opened = await (await fetch(address)).text()
    const { sid } = JSON.parse(opened.slice(1)) as { sid: string }
    const auth = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`
    await fetch(`${address}&sid=${sid}`, { method: 'POST', body: `40${auth}` })
    const refused = await (await fetch(`${address}&sid=${sid}`)).text()
    expect(refused).toMatch(/^44\{.*"code":"PAYLOAD_TOO_LARGE"/)
  })
})
