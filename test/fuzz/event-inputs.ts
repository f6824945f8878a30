import fc from 'fast-check'
import { z } from 'zod'
import { providerWatchShape } from '../../src/protocol/schemas/provider-watch.ts'
import { renewalShape } from '../../src/protocol/schemas/renewal.ts'
import { statusChangeShape } from '../../src/protocol/schemas/status-change.ts'
import { unwatchShape, watchShape } from '../../src/protocol/schemas/watch.ts'
import { almostJson, bytes, characters, junk, near, type Schema, text } from './garbage.ts'

/** An event of somebody who is signed in, which asks for an answer. */
export interface EventInput {
  readonly kind: 'event'
  readonly actor: number
  /** JSON, or not quite: what follows the number of the acknowledgement. */
  readonly json: string
}

/** What lies below events, of somebody who is signed in: packets as they are. Afterwards the line answers, or was ended. */
export interface PacketsInput {
  readonly kind: 'packets'
  readonly actor: number
  /** Texts; those that begin with `\0` are sent as binary, without it. */
  readonly packets: readonly string[]
}

/** zod puts a shape that has a name of its own beside the schema, which refers to it. */
function schemaOf(shape: z.ZodType): Schema {
  const { $ref, $defs, ...schema } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' })
  const named = $ref === undefined ? undefined : $defs?.[$ref.replace('#/$defs/', '')]
  return (named ?? schema) as Schema
}

/** What each event takes, from the shapes by which the server checks. */
const PAYLOADS: Readonly<Record<string, Schema>> = {
  activity: {},
  setStatus: schemaOf(statusChangeShape),
  watch: schemaOf(watchShape),
  watchProviders: schemaOf(providerWatchShape),
  renew: schemaOf(renewalShape),
  unwatch: schemaOf(unwatchShape),
}

// Whoever sends bad packets loses the line, and with it every event that is under way.
const eventActors = fc.nat({ max: 4 })
const packetActors = fc.integer({ min: 5, max: 9 })

const args = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.oneof(
      ...Object.entries(PAYLOADS).map(([event, schema]) => near(schema).map((payload): unknown => [event, payload])),
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...Object.keys(PAYLOADS)), fc.array(junk, { maxLength: 3 }))
      .map(([event, more]) => [event, ...more]),
  },
  { weight: 3, arbitrary: fc.tuple(text, junk) },
  { weight: 1, arbitrary: junk },
)

export const eventInputs: fc.Arbitrary<EventInput> = fc.record({
  kind: fc.constant('event'),
  actor: eventActors,
  json: fc.oneof({ weight: 14, arbitrary: args.map((held) => JSON.stringify(held) ?? '') }, almostJson(args)),
})

/** Beginnings of packets: kinds of Engine.IO and of Socket.IO, namespaces, attachments, numbers of acknowledgements. */
const HEADS = [
  '0',
  '1',
  '2',
  '2probe',
  '3',
  '3probe',
  '4',
  '5',
  '6',
  '7',
  '9',
  'b',
  'bAQID',
  '',
  '40',
  '40/',
  '40/admin,',
  '41',
  '41/admin,',
  '42',
  '420',
  '4299999999999999999999',
  '42/',
  '42/a,1',
  '43',
  '430',
  '43999',
  '44',
  '45',
  '450-',
  '451-',
  '4599999999999-',
  '45-',
  '451-/,1',
  '46',
  '461-7',
  '47',
  '48',
  '4x',
  '2{',
  '42-1',
  '42\0',
  '40{}',
  '421.5',
  '4e',
]

const packet: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...HEADS), almostJson(args)).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: fc.constantFrom(...HEADS) },
  { weight: 1, arbitrary: characters(30) },
  { weight: 2, arbitrary: bytes.map((raw) => `\0${raw}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '451-["setStatus",{"_placeholder":true,"num":0}]',
      '452-["watch",{"users":[{"_placeholder":true,"num":1}]}]',
      '451-["setStatus",{"_placeholder":true,"num":-1}]',
      '451-["setStatus",{"_placeholder":true,"num":"constructor"}]',
      `42["watchProviders",${'{"name":'.repeat(3_000)}1${'}'.repeat(3_000)}]`,
      `42["setStatus",{"status":"away","message":"${'x'.repeat(200_000)}"}]`,
    ),
  },
)

export const packetInputs: fc.Arbitrary<PacketsInput> = fc.record({
  kind: fc.constant('packets'),
  actor: packetActors,
  packets: fc.array(packet, { minLength: 1, maxLength: 4 }),
})
