import fc from 'fast-check'

/** A JSON Schema, as zod words its shapes and the OpenAPI document its calls. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
  readonly example?: unknown
  readonly $ref?: string
}

/** What users, tokens and connections are called in an input; people.ts has the real ones. */
const NAMES = ['{user0}', '{user3}', '{user12}', '{nobody}', '{token1}', '{token5}', '{expired}', '{forged}', '{sid}']

/** Words that mean something to this system, so that garbage gets past the first check. */
const WORDS = [
  'online',
  'away',
  'dnd',
  'offline',
  'online,away',
  'events',
  'diff',
  'web',
  'mobile',
  'stranger',
  'contact',
  '1h',
  '15m',
  '90d',
  '91d',
  '0s',
  '1',
  '20',
  '100',
  '101',
  '4.5',
  '4.50001',
  '0',
  'availability',
  'last_seen',
  'rating',
  'price',
  'everyone',
  'contacts',
  'nobody',
  'aabcdefgh',
  'rabcdefgh.WzQsMywiMDAwIl0',
  'pabcdefgh.',
  'a.b.c',
]

/** Text that has broken something somewhere. */
const TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '‮reversed',
  '﻿',
  '\x07',
  '🪔'.repeat(101),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'then',
  'error',
  'connect',
  'disconnect',
  "' or 1=1 --",
  '$1',
  '%',
  '%00',
  '%ff%fe',
  '%c0%ae',
  '../../etc',
  '[object Object]',
  '{{7*7}}',
  '\r\nX-A: b',
  'NaN',
  '-1',
  '1e999',
  '0x10',
  '9007199254740993',
  '-0',
  'null',
  'true',
  '٣',
  '１',
  'İ'.repeat(50),
  'ﬃ',
]

/** Any unit of UTF-16, halves of pairs included. */
const unit = fc
  .oneof({ weight: 3, arbitrary: fc.nat({ max: 0xff }) }, { weight: 1, arbitrary: fc.nat({ max: 0xffff }) })
  .map((code) => String.fromCharCode(code))

/** Any characters at all. */
export const characters = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit, maxLength })

export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES, ...WORDS) },
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 2, arbitrary: characters(40) },
  { weight: 1, arbitrary: fc.constantFrom(101, 129, 500, 4_401).map((length) => 'x'.repeat(length)) },
)

const number = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 1e12, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 63)),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

/** Anything that JSON can say, whatever was asked for. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(text, number, fc.boolean(), fc.constant(null)) },
  {
    weight: 2,
    arbitrary: fc.oneof(fc.constantFrom([], {}, [[]], [null], { _placeholder: true, num: 0 }), fc.array(text)),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: unit }) },
  { weight: 1, arbitrary: fc.constantFrom(60, 600).map((size) => Array.from({ length: size }, () => '{user3}')) },
  { weight: 1, arbitrary: fc.tuple(text, fc.oneof(text, number)).map(([key, value]) => own({}, key, value)) },
)

/** What a shape takes, mostly; and what is like it, but for one thing. `find` reads what a schema only refers to. */
export const near = (schema: Schema, find: (ref: string) => Schema = noRefs): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 4, arbitrary: fitting(schema, find) },
    { weight: 5, arbitrary: fc.tuple(fitting(schema, find), twists).map(([value, twist]) => twisted(value, twist)) },
    { weight: 1, arbitrary: junk },
  )

function noRefs(ref: string): Schema {
  throw new Error(`nothing is known of ${ref}`)
}

/** Values of the right kind; whether they are the right ones, only the server's finer checks can tell. */
function fitting(schema: Schema, find: (ref: string) => Schema): fc.Arbitrary<unknown> {
  const { $ref, anyOf, enum: choices, type, properties, items } = schema
  if ($ref !== undefined) return fitting(find($ref), find)
  if ('const' in schema) return fc.constant(schema.const)
  if (choices) return fc.constantFrom(...choices)
  if (anyOf) return fc.oneof(...anyOf.map((one) => fitting(one, find)))
  if (Array.isArray(type)) return fc.oneof(...type.map((one: string) => fitting({ ...schema, type: one }, find)))
  if (properties) return object(schema, find)
  if (items) return fc.array(fitting(items, find), { maxLength: 8 })
  switch (type) {
    case 'string':
      return schema.example === undefined ? text : fc.oneof(fc.constant(schema.example), text)
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 1_000, 2 ** 31) })
    case 'number':
      return number
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? fc.dictionary(text, fitting(schema.additionalProperties, find), { maxKeys: 5 })
        : junk
    default:
      return junk
  }
}

const object = ({ properties = {}, required = [] }: Schema, find: (ref: string) => Schema): fc.Arbitrary<unknown> =>
  fc.record(Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, fitting(value, find)])), {
    requiredKeys: required.filter((name) => name in properties),
    noNullPrototype: true,
  })

const twists = fc.record({
  how: fc.constantFrom('replace', 'replace', 'remove', 'add', 'wrap', 'double'),
  at: fc.nat({ max: 20 }),
  key: text,
  value: junk,
})

/** The value, with one thing of it made otherwise. */
function twisted(value: unknown, twist: { how: string; at: number; key: string; value: unknown }): unknown {
  const { how, at, key } = twist
  if (how === 'wrap') return [value]
  if (how === 'double') return [value, value]
  if (typeof value !== 'object' || value === null) return twist.value
  if (how === 'add') return own(value, key, twist.value)
  const names = Object.keys(value)
  const name = names[at % Math.max(1, names.length)]
  if (name === undefined) return twist.value
  return how === 'remove'
    ? Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
    : own(value, name, twist.value)
}

/** With a property of its own, also when it is called `__proto__`. */
const own = (value: object, key: string, held: unknown): object =>
  Object.defineProperty({ ...value }, key, { value: held, enumerable: true, configurable: true })

/** Bytes, one a character: what goes below whatever has characters. */
export const bytes: fc.Arbitrary<string> = fc
  .uint8Array({ maxLength: 60 })
  .map((octets) => Buffer.from(octets).toString('latin1'))

/** JSON, or almost: what a parser gets. `value` is what it would have been. */
export const almostJson = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: value.map((held) => JSON.stringify(held) ?? '') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(value, fc.double({ min: 0, max: 1, noNaN: true }))
        .map(([held, share]) => cut(JSON.stringify(held) ?? '', share)),
    },
    { weight: 1, arbitrary: fc.constantFrom(...BAD_JSON) },
    { weight: 1, arbitrary: bytes },
  )

const cut = (whole: string, share: number): string => whole.slice(0, Math.floor(share * whole.length))

const BAD_JSON = [
  '',
  ' ',
  '{',
  '"',
  '[1,]',
  '{"status":"away","status":"dnd"}',
  '\ufeff{}',
  "{'a':1}",
  'undefined',
  '1e99999',
  '{"__proto__":{"status":"away"},"status":"dnd"}',
  '{"status":"away","message":"\\ud800"}',
  '-',
  '"\\u12"',
  '['.repeat(2_000),
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
  `{"users":[${'"{user3}",'.repeat(1_000)}"{user0}"]}`,
  `{"message":"${'x'.repeat(70_000)}"}`,
]
