import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { createOpenApiDocument } from '../../src/protocol/schemas/openapi.ts'
import { almostJson, bytes, junk, near, type Schema, text } from './garbage.ts'

/** One HTTP request that is HTTP, whatever it asks for. Texts are bytes, one a character, and may hold names of people. */
export interface RequestInput {
  readonly kind: 'request'
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | null
}

interface Call {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, Schema>>
  readonly body: Schema | null
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

const openApi = createOpenApiDocument() as Document

const find = (ref: string): Schema => {
  const schema = openApi.components.schemas[ref.replace('#/components/schemas/', '')]
  if (!schema) throw new Error(`the document refers to ${ref}, which it does not have`)
  return schema
}

/** What the document tells of: made from the shapes by which the server checks. */
const described: readonly Call[] = Object.entries(openApi.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, { parameters = [], requestBody }]): Call => {
    const query = parameters.filter((parameter) => parameter.in === 'query')
    return {
      method: method.toUpperCase(),
      path,
      query: Object.fromEntries(query.map(({ name, schema }) => [name, schema])),
      body: requestBody?.content['application/json']?.schema ?? null,
    }
  }),
)

const word: Schema = { type: 'string' }

/** What the standalone server has beside it. */
const others: readonly Call[] = [
  { method: 'GET', path: '/api/cities', query: { q: word, limit: word }, body: null },
  { method: 'GET', path: '/api/services', query: {}, body: null },
  { method: 'GET', path: '/api/providers/{id}', query: {}, body: null },
  { method: 'GET', path: '/api/demo/users', query: { role: word, limit: word, cursor: word }, body: null },
  {
    method: 'POST',
    path: '/api/demo/login',
    query: {},
    body: { type: 'object', properties: { user_id: word }, required: ['user_id'] },
  },
  { method: 'GET', path: '/', query: {}, body: null },
  { method: 'GET', path: '/providers/{id}', query: {}, body: null },
  { method: 'GET', path: '/assets/{file}', query: {}, body: null },
  { method: 'GET', path: '/ops', query: {}, body: null },
  { method: 'GET', path: '/ops/{anything}', query: {}, body: null },
  { method: 'GET', path: '/ops/assets/{file}', query: {}, body: null },
  { method: 'GET', path: '/{anything}', query: {}, body: null },
]

export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'M-SEARCH',
  'QUERY',
]

/** Percent-encodes all but what is plain, so that the server decodes exactly these bytes. Names of people stay as they are. */
const percent = (given: string): string =>
  given
    .split(/(\{[a-z]+\d*\})/)
    .map((part, i) => (i % 2 === 1 ? part : [...Buffer.from(part)].map(percentByte).join('')))
    .join('')

const percentByte = (byte: number): string => {
  const char = String.fromCharCode(byte)
  return /[\w.~-]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`
}

/** What goes into an address: encoded, or not quite. */
const inAddress = (given: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: given.map((value) => percent(wordOf(value))) },
    { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%c0%af', '..%2f..', '%00', '..', '//', '%E0%A4%A') },
    { weight: 1, arbitrary: bytes.map((raw) => raw.replaceAll(/[\p{Cc} ]/gu, '')) },
  )

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

const ids = fc.oneof(fc.constantFrom('{user0}', '{user3}', '{user12}', '{nobody}'), text)

const pathOf = (path: string): fc.Arbitrary<string> =>
  fc
    .tuple(...path.split(/\{\w+\}/).flatMap((part, i) => (i === 0 ? [] : [inAddress(ids)]).concat(fc.constant(part))))
    .map((parts) => parts.join(''))

const queryOf = (query: Call['query']): fc.Arbitrary<string> => {
  const known = Object.entries(query).map(([name, schema]) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, pair(fc.constant(name), near(schema, find))),
  )
  const stray = pair(
    fc.oneof(
      text,
      fc.constantFrom(...Object.keys(query), 'ids').map((name) => `${name}[a]`),
    ),
    junk,
  )
  return fc
    .tuple(...known, fc.oneof({ weight: 4, arbitrary: fc.constant('') }, stray))
    .map((pairs) => pairs.filter((one) => one !== '').join('&'))
}

const pair = (name: fc.Arbitrary<string>, value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.tuple(inAddress(name), inAddress(value)).map(([key, held]) => `${key}=${held}`)

/** Whose request it is: mostly somebody's. */
const authorization = fc.oneof(
  { weight: 10, arbitrary: fc.nat({ max: 9 }).map((actor) => `Bearer {token${actor}}`) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('staff', 'ops', 'expired', 'forged', 'stranger', 'nameless', 'odd')
      .map((name) => `Bearer {${name}}`),
  },
  { weight: 2, arbitrary: fc.constantFrom('', 'Bearer', 'Bearer  ', 'Basic YTpi', 'bearer {token2}', 'Bearer a.b.c') },
  { weight: 1, arbitrary: bytes.map((raw) => `Bearer ${raw.replaceAll(/\p{Cc}/gu, '')}`) },
)

const CONTENT_TYPES = [
  'text/plain',
  'application/json; charset=utf-16',
  'application/json; charset=klingon',
  'application/vnd.a+json',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'json',
  '/',
  'application/json;;;',
]

const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ...(['If-None-Match', 'Range', 'Accept', 'Accept-Encoding', 'Cookie', 'If-Modified-Since'] as const).flatMap(
    (name) => [
      [name, '*'] as const,
      [name, 'bytes=-1,0-0,9999999999999999999999-'] as const,
      [name, '\xff\xfe'] as const,
    ],
  ),
  ['Origin', 'https://elsewhere.example'],
  ['Origin', 'null'],
  ['X-Forwarded-For', '203.0.113.9, not an address'],
  ['X-Forwarded-Host', 'a\\b'],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'br, gzip'],
  ['Content-Encoding', 'nothing'],
  ['Expect', '100-continue'],
  ['Expect', 'cake'],
  ['Upgrade', 'h2c'],
  ['Upgrade', 'websocket'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Long', 'x'.repeat(8_000)],
]

const headersOf = (hasBody: boolean): fc.Arbitrary<RequestInput['headers']> =>
  fc
    .tuple(
      fc.option(authorization, { freq: 8 }),
      fc.oneof({ weight: 8, arbitrary: fc.constant('application/json') }, fc.constantFrom(...CONTENT_TYPES)),
      fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(fc.constantFrom(...ODD_HEADERS), { maxLength: 3 })),
    )
    .map(([whose, type, odd]) => [
      ...(whose === null ? [] : ([['Authorization', whose]] as const)),
      ...(hasBody ? ([['Content-Type', type]] as const) : []),
      ...odd,
    ])

/** A body that becomes a thousand times as large. */
const BOMB = gzipSync('[1]'.padEnd(4_000_000)).toString('latin1')

const bodyOf = (schema: Schema | null): fc.Arbitrary<string | null> => {
  const sent = fc.oneof(
    { weight: 20, arbitrary: almostJson(schema ? near(schema, find) : junk).map(inUtf8) },
    { weight: 1, arbitrary: fc.constantFrom(BOMB, gzipSync('{"status":"away"}').toString('latin1')) },
  )
  return schema ? fc.option(sent, { freq: 12 }) : fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, sent)
}

const inUtf8 = (characters: string): string => Buffer.from(characters).toString('latin1')

const ofCall = ({ method, path, query, body }: Call): fc.Arbitrary<RequestInput> =>
  fc
    .tuple(
      fc.oneof({ weight: 9, arbitrary: fc.constant(method) }, fc.constantFrom(...METHODS)),
      pathOf(path),
      queryOf(query),
      bodyOf(body),
    )
    .chain(([chosen, address, search, sent]) =>
      headersOf(sent !== null).map((headers) => ({
        kind: 'request' as const,
        method: chosen,
        path: search === '' ? address : `${address}?${search}`,
        headers,
        body: sent,
      })),
    )

/** Every route, and what is beside all of them. */
export const requestInputs: fc.Arbitrary<RequestInput> = fc.oneof(
  { weight: 3, arbitrary: fc.oneof(...described.map(ofCall)) },
  { weight: 1, arbitrary: fc.oneof(...others.map(ofCall)) },
)
