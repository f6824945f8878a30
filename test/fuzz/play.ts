import { faultOf, jsonOf, readAnswer, replyFault } from './answer.ts'
import type { EventInput, PacketsInput } from './event-inputs.ts'
import type { Input } from './inputs.ts'
import { type Line, openLine } from './line.ts'
import type { RequestInput } from './request-inputs.ts'
import type { Target } from './target.ts'
import { openWire, type Wire } from './wire.ts'
import type { BytesInput, Frame, FramesInput, PollingInput } from './wire-inputs.ts'

/** Sends inputs, and says what the server did wrong. */
export interface Player {
  /** @returns null, or what is wrong with how this was taken */
  play(input: Input): Promise<string | null>
  close(): void
}

/**
 * Where limits hold, also somebody with a good token is turned away at times.
 *
 * @param outcomes counts how often inputs came to what: an HTTP status, an acknowledgement, an end
 */
export function createPlayer({ people, port, url, isLimited }: Target, outcomes: Map<string, number>): Player {
  const lines = new Map<number, Promise<Line | null>>()
  const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  const octets = (text: string): Buffer => Buffer.from(people.name(text), 'latin1')

  async function exchange(head: string, body: string | null): Promise<{ text: string | null; fault: string | null }> {
    const wire = await openWire(port)
    const sent = body === null ? null : octets(body)
    const length = sent === null ? '' : `Content-Length: ${sent.length}\r\n`
    wire.send(octets(`${head}${length}\r\n`))
    if (sent !== null) wire.send(sent)
    const isOver = await wire.ended()
    const fault = isOver ? judge(wire, head) : 'neither answered nor ended'
    wire.drop()
    return { text: readAnswer(wire.received())?.body ?? null, fault }
  }

  function judge(wire: Wire, asked: string): string | null {
    const answer = readAnswer(wire.received())
    count(answer === null ? 'ended without an answer' : `HTTP ${answer.status}`)
    return answer === null ? null : faultOf(answer, asked)
  }

  async function request({ method, path, headers, body }: RequestInput): Promise<string | null> {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const { fault } = await exchange(`${method} ${path} HTTP/1.1\r\nHost: fuzz\r\n${lines}Connection: close\r\n`, body)
    return fault
  }

  /** What is left to do with a connection on which everything was said. */
  async function settle(wire: Wire, ending: BytesInput['ending'], asked: string): Promise<string | null> {
    if (ending === 'reset') {
      wire.reset()
      count('was left')
      return null
    }
    if (ending === 'finish') wire.finish()
    const isSettled = await wire.settled()
    const fault = isSettled ? judge(wire, asked) : 'neither answered nor ended'
    wire.drop()
    return fault
  }

  async function bytes({ chunks, ending }: BytesInput): Promise<string | null> {
    const wire = await openWire(port)
    for (const chunk of chunks) {
      if (!wire.send(octets(chunk))) break
      await new Promise((resolve) => setImmediate(resolve))
    }
    return settle(wire, ending, chunks[0] ?? '')
  }

  async function frames({ query, headers, frames: sent, ending }: FramesInput): Promise<string | null> {
    const wire = await openWire(port)
    const asked = `GET /socket.io/?${query} HTTP/1.1\r\nHost: fuzz\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`
    wire.send(octets(asked))
    if (!(await wire.settled())) {
      wire.drop()
      return 'neither answered nor ended'
    }
    for (const frame of sent) wire.send(wordFrame(frame, octets(frame.payload)))
    return settle(wire, ending, asked)
  }

  async function polling({ query, posts, ending }: PollingInput): Promise<string | null> {
    const address = (more: string) => `/socket.io/?${query}${more} HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n`
    const opened = await exchange(`GET ${address('')}`, null)
    const sid = jsonOf(opened.text?.slice(1) ?? '')?.['sid']
    if (opened.fault !== null || typeof sid !== 'string') return opened.fault
    for (const body of posts) {
      const { fault } = await exchange(`POST ${address(`&sid=${sid}`)}`, body)
      if (fault !== null) return fault
    }
    if (ending === 'reset') return null
    if (ending === 'finish') return (await exchange(`POST ${address(`&sid=${sid}`)}`, '1')).fault
    return (await exchange(`GET ${address(`&sid=${sid}`)}`, null)).fault
  }

  /** Whoever signs out everywhere, as an input may, also ends what is just being opened: so it is tried again. */
  async function lineOf(actor: number): Promise<Line | null> {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const current = lines.get(actor)
      const held = await current
      if (held?.isOpen()) return held
      if (lines.get(actor) === current) lines.set(actor, openLine(url, people.tokenOf(actor)))
    }
    return (await lines.get(actor)) ?? null
  }

  const noLine = (): string | null => (isLimited ? null : 'somebody with a good token was not let in')

  async function event({ actor, json }: EventInput): Promise<string | null> {
    const line = await lineOf(actor)
    if (line === null) return noLine()
    const packet = `42${line.number()}${people.name(json)}`
    line.send(packet)
    // What begins with digits makes another number of it.
    return expectReply(line, Number(/^42(\d+)/.exec(packet)?.[1]))
  }

  async function packets({ actor, packets: sent }: PacketsInput): Promise<string | null> {
    const line = await lineOf(actor)
    if (line === null) return noLine()
    for (const packet of sent) {
      line.send(packet.startsWith('\0') ? octets(packet.slice(1)) : people.name(packet))
    }
    const number = line.number()
    line.send(`42${number}["unwatch",{"watch_id":"none"}]`)
    return expectReply(line, number)
  }

  async function expectReply(line: Line, number: number): Promise<string | null> {
    const answer = await line.answer(number)
    if (answer === 'silent') return 'neither acknowledged nor ended'
    if (answer === 'ended') {
      count('the connection ended')
      return null
    }
    const { ok, error } = answer.reply as { ok?: boolean; error?: { code?: string } }
    count(ok === true ? 'acknowledged' : `refused ${error?.code}`)
    return replyFault(answer.reply)
  }

  const plays: { readonly [Kind in Input['kind']]: (input: Extract<Input, { kind: Kind }>) => Promise<string | null> } =
    {
      request,
      bytes,
      frames,
      polling,
      event,
      packets,
    }
  return {
    // Each kind has its own; the compiler does not follow that through the table.
    play: (input) => plays[input.kind](input as never),
    close() {
      for (const line of lines.values()) void line.then((open) => open?.close())
    },
  }
}

const MASK = Buffer.from([1, 2, 3, 4])

function wordFrame({ first, masked, length }: Frame, payload: Buffer): Buffer {
  const body = masked ? Buffer.from(payload.map((byte, i) => byte ^ (MASK[i % 4] ?? 0))) : payload
  return Buffer.concat([
    Buffer.from([first]),
    wordLength(length ?? payload.length, masked),
    masked ? MASK : Buffer.of(),
    body,
  ])
}

function wordLength(length: number, masked: boolean): Buffer {
  const bit = masked ? 0x80 : 0
  if (length < 126) return Buffer.from([bit | length])
  if (length < 65_536) {
    const short = Buffer.from([bit | 126, 0, 0])
    short.writeUInt16BE(length, 1)
    return short
  }
  const long = Buffer.alloc(9)
  long[0] = bit | 127
  long.writeBigUInt64BE(BigInt(length), 1)
  return long
}
