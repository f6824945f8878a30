import fc from 'fast-check'
import { almostJson, bytes, junk, near, text } from './garbage.ts'
import { METHODS } from './request-inputs.ts'

/** What whoever sent it does next: waits for the server, says that it is done, or is gone. */
type Ending = 'wait' | 'finish' | 'reset'

/** Bytes on a connection, with nothing above them. */
export interface BytesInput {
  readonly kind: 'bytes'
  /** Each is sent by itself. One character is one byte; names of people are filled in. */
  readonly chunks: readonly string[]
  readonly ending: Ending
}

/** A handshake over polling: the connection, if there is one, is posted to. */
export interface PollingInput {
  readonly kind: 'polling'
  readonly query: string
  readonly posts: readonly string[]
  readonly ending: Ending
}

/** A frame as RFC 6455 has it, or as it must not be. */
export interface Frame {
  readonly first: number
  readonly masked: boolean
  /** What the length is said to be; null: what it is. */
  readonly length: number | null
  readonly payload: string
}

/** A WebSocket by hand, from its first request on. */
export interface FramesInput {
  readonly kind: 'frames'
  readonly query: string
  readonly headers: readonly string[]
  readonly frames: readonly Frame[]
  readonly ending: Ending
}

// Waiting takes as long as the server's own patience, so most do not.
const endings: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('wait') },
  { weight: 4, arbitrary: fc.constant('finish') },
  { weight: 2, arbitrary: fc.constant('reset') },
)

const PATHS = [
  '/',
  '/healthz',
  '/metrics',
  '/api/providers?limit=1',
  '/api/users/presence/status',
  '/socket.io/',
  '*',
  '',
  '//',
  'http://a.example/healthz',
  'a.example:443',
  '/socket.io/?EIO=4&transport=websocket',
  '/%',
  `/${'x'.repeat(2e4)}`,
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', '']
const LINES = [
  'Host: a',
  'Host: ',
  'Host: a\r\nHost: b',
  'Connection: keep-alive',
  'Connection: upgrade',
  'Connection: close',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 5, 6',
  'Content-Length: 1e3',
  'Content-Length: 999999999999999999999',
  'Content-Length: 4\r\nContent-Length: 5',
  'Content-Length: 70000',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Trailer: x',
  'Expect: 100-continue',
  'Expect: cake',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Content-Type: application/json',
  'Authorization: Bearer {token3}',
  ' folded: header',
  'X: \0',
  ': nameless',
  'no colon',
  'X: ÿ',
  'X-Many: x\r\n'.repeat(300).trimEnd(),
  `X-Long: ${'x'.repeat(2e4)}`,
]
const BODIES = [
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n',
  'ffffffffffffffffff\r\n',
  '-1\r\n',
  '{"status":"away"}',
  '0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n',
  'zz\r\n',
  '5\r\nhelloo\r\n',
]

const head = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...METHODS) }, fc.constantFrom('get', 'GE\0T', 'FOO', '', 'PRI')),
    fc.constantFrom(...PATHS),
    fc.constantFrom(...VERSIONS),
    fc.array(fc.constantFrom(...LINES), { maxLength: 5 }),
    fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'),
    fc.constantFrom(...BODIES),
  )
  .map(([method, path, version, lines, end, body]) =>
    [`${method} ${path} ${version}`.trimEnd(), 'Host: a.example', ...lines, '', body].join(end),
  )

/** The same with some of its bytes changed, or missing. */
const spoilt = fc
  .tuple(head, fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }), fc.nat())
  .map(([whole, changes, cut]) => {
    const spoiled = Buffer.from(whole, 'latin1')
    for (const [at, byte] of changes) if (spoiled.length > 0) spoiled[at % spoiled.length] = byte
    return spoiled.subarray(0, cut % 3 === 0 ? cut % (spoiled.length + 1) : undefined).toString('latin1')
  })

export const bytesInputs: fc.Arbitrary<BytesInput> = fc.record({
  kind: fc.constant('bytes'),
  chunks: fc.array(
    fc.oneof({ weight: 5, arbitrary: head }, { weight: 5, arbitrary: spoilt }, { weight: 1, arbitrary: bytes }),
    { minLength: 1, maxLength: 3 },
  ),
  ending: endings,
})

/** Queries of Engine.IO's handshake: what it asks for, with something else in it. */
const handshakeQuery = (transport: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(`EIO=4&transport=${transport}`) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.constantFrom('EIO=4', 'EIO=3', 'EIO=', 'EIO=4&EIO=4', 'EIO[a]=4', ''),
          fc.constantFrom('polling', 'websocket', 'webtransport', '', 'constructor', '__proto__'),
          fc.constantFrom('', 'sid={sid}', 'sid=', 'sid=x', 'sid[a]=b', 'sid=__proto__', 'j=0', 'j=%00', 'b64=1'),
        )
        .map(([version, chosen, more]) => [version, `transport=${chosen}`, more].join('&')),
    },
    {
      weight: 1,
      arbitrary: text.map((word) => `EIO=4&transport=${encodeURIComponent(word.replaceAll(/\p{Cs}/gu, ''))}`),
    },
  )

const auth = near({
  type: 'object',
  required: ['token'],
  properties: {
    token: {
      enum: ['{token5}', '{token6}', '{token7}', '{expired}', '{forged}', '{stranger}', '{nameless}', '{odd}', ''],
    },
    device_type: { enum: ['web', 'mobile', 'desktop', 'fridge'] },
    device_id: { type: 'string' },
    format: { enum: ['events', 'diff', 'none'] },
    v: { type: 'number' },
  },
})

/** What is said first over a connection that nobody has signed in on. */
const firstWord: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: almostJson(auth).map((json) => `40${json}`) },
  { weight: 1, arbitrary: almostJson(auth).map((json) => `40/admin,${json}`) },
  { weight: 1, arbitrary: fc.constantFrom('40', '42["activity"]', '2probe', '5', '41', '40{"token":"{token6}"}') },
  { weight: 1, arbitrary: bytes },
  { weight: 1, arbitrary: fc.constant(`40{"token":"${'x'.repeat(20_000)}"}`) },
)

const nextWord: fc.Arbitrary<string> = fc.oneof(
  almostJson(fc.tuple(fc.constantFrom('watch', 'setStatus', 'activity', 'renew'), junk)).map((json) => `421${json}`),
  fc.constantFrom('41', '40{"token":"{token6}"}', '40{"token":"{token7}"}', '1', '3', '5'),
)

/** Packets of one body are divided by 0x1e. */
const post = fc.array(fc.oneof(firstWord, nextWord), { minLength: 1, maxLength: 3 }).map((words) => words.join('\x1e'))

export const pollingInputs: fc.Arbitrary<PollingInput> = fc.record({
  kind: fc.constant('polling'),
  query: handshakeQuery('polling'),
  posts: fc.array(fc.oneof({ weight: 5, arbitrary: post }, bytes, fc.constant('x'.repeat(1_100_000))), {
    maxLength: 3,
  }),
  ending: endings,
})

const TEXT = 0x81
const frame: fc.Arbitrary<Frame> = fc
  .record({
    first: fc.oneof(
      { weight: 6, arbitrary: fc.constant(TEXT) },
      fc.nat({ max: 255 }),
      fc.constantFrom(0x88, 0x89, 0x8a, 0x82),
    ),
    masked: fc.oneof({ weight: 8, arbitrary: fc.constant(true) }, fc.constant(false)),
    length: fc.oneof(
      { weight: 8, arbitrary: fc.constant(null) },
      fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 40, 2 ** 53 + 2, 2 ** 63),
    ),
    payload: fc.oneof(
      { weight: 4, arbitrary: firstWord },
      { weight: 3, arbitrary: nextWord },
      { weight: 2, arbitrary: bytes },
      fc.constantFrom('\x03\xe8', '\x03', '\xff\xff', '\x0f\xa0bye'),
    ),
  })
  .map((given) => given)

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]
const ODD_UPGRADES = [
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99',
  'Sec-WebSocket-Protocol: a, a',
  'Origin: https://elsewhere.example',
  'Sec-WebSocket-Version: 99',
  'Sec-WebSocket-Key: x',
  'Content-Length: 5',
  'Upgrade: x',
  'X-Forwarded-For: ÿ',
  'Expect: cake',
  'Transfer-Encoding: chunked',
]

export const framesInputs: fc.Arbitrary<FramesInput> = fc.record({
  kind: fc.constant('frames'),
  query: handshakeQuery('websocket'),
  headers: fc.oneof(
    { weight: 5, arbitrary: fc.constant(UPGRADE) },
    fc.constantFrom(...ODD_UPGRADES).map((line) => [...UPGRADE, line]),
    fc.subarray([...UPGRADE, ...ODD_UPGRADES]),
  ),
  frames: fc.array(frame, { maxLength: 5 }),
  ending: endings,
})
