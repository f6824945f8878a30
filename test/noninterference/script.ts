import fc from 'fast-check'
import { AUDIENCE_LEVELS, type Levels } from '../../src/domain/visibility.ts'
import { describeHiding, type Hiding, hidings, isComparable, isUntold } from './hiding.ts'
import { ABSENT, ASKED, CITIES, NOBODY, OTHERS, PROVIDERS, SECRET, SERVICES } from './people.ts'

/** What somebody does with a device of theirs, or by HTTP. Names of users are ids; devices are numbered. */
export type Deed =
  | { do: 'connect'; device: number; format: 'events' | 'diff'; type: 'web' | 'mobile' }
  | { do: 'leave'; device: number }
  | { do: 'cut'; device: number }
  | { do: 'activity'; device: number }
  | ({ do: 'choose'; device: number } & Choice)
  | ({ do: 'choose'; device: null } & Choice)
  | { do: 'show'; shown: boolean }
  | { do: 'level'; levels: Levels }
  | { do: 'block'; viewer: string; blocked: boolean }
  | { do: 'signOut' | 'work' }
  | { do: 'watch'; device: number; users: readonly string[]; withKnown: boolean }
  | { do: 'watchSearch'; device: number; query: Query }
  | { do: 'unwatch'; device: number }
  | { do: 'read'; user: string }
  | { do: 'batch'; users: readonly string[] }
  | { do: 'hostList'; query: Query }

interface Choice {
  status: string
  message?: string | null
  expires_in?: number
}

/** What happens in both worlds, or, when it is the secret user's deed, in one of them. */
export type Step =
  | { who: string; deed: Deed }
  | { who: null; deed: { do: 'search'; query: Query; compares: boolean } | { do: 'nextPage' } | Around }

/** What PostgreSQL does not do at the moment: anything, or storing decisions, or nothing is wrong. */
export type Outage = 'everything' | 'decisions' | 'nothing'

/** What happens to everybody. */
type Around =
  | { do: 'wait'; ms: number }
  | { do: 'outage'; of: Outage }
  // The host says of a viewer whether they deal with the secret user from now on.
  | { do: 'relate'; viewer: string; isContact: boolean }
  // The host bans the secret user.
  | { do: 'ban' }

export type Query = Readonly<Record<string, string>>

export interface Script {
  readonly audience: 'watchers' | 'everyone'
  /** Milliseconds; none, or longer than anything but a long wait. */
  readonly mergeMs: 0 | 10_000
  /** Whether the hot store remembers offline users, as small ones do, or has forgotten them. */
  readonly resting: boolean
  /** In both worlds, the secret user's deeds included: they are not hidden yet. */
  readonly before: readonly Step[]
  readonly hiding: Hiding
  /** From here on something of the secret user is hidden from somebody; their deeds happen in one world alone. */
  readonly after: readonly Step[]
}

const device = fc.constantFrom(0, 1)
const status = fc.constantFrom('online', 'away', 'dnd')
const parameters: Readonly<Record<string, readonly string[]>> = {
  city_id: CITIES,
  service_id: SERVICES,
  online_status: ['online', 'online,away', 'offline', 'dnd,offline', 'online,away,dnd,offline'],
  last_seen: ['30s', '10m', '1h'],
  active_within: ['30s', '10m', '1h'],
  name: ['an', 'cleo', 'e'],
  min_price: ['30', '40'],
  max_rating: ['4', '5'],
  sort: ['availability', 'last_seen', 'rating', 'price'],
  limit: ['1', '2', '3', '20'],
}
const parameter = fc
  .constantFrom(...Object.keys(parameters))
  .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...(parameters[name] ?? []))))
/** Most searches ask for little, so that most of them find the secret user. */
const query: fc.Arbitrary<Query> = fc
  .array(parameter, { maxLength: 3, size: 'max' })
  .map((given) => Object.fromEntries(given))

const level = fc.constantFrom(...AUDIENCE_LEVELS)
const levels: fc.Arbitrary<Levels> = fc.record({ status: level, lastSeen: level, coarse: fc.boolean() })

const connect: fc.Arbitrary<Deed> = fc.record({
  do: fc.constant('connect' as const),
  device,
  format: fc.constantFrom('events' as const, 'diff' as const),
  type: fc.constantFrom('web' as const, 'mobile' as const),
})
const choose = fc
  .record(
    {
      device: fc.option(device),
      status,
      message: fc.constantFrom('Back soon', 'On a roof', '', null),
      expires_in: fc.constantFrom(1, 60, 600),
    },
    { requiredKeys: ['device', 'status'] },
  )
  .map(
    ({ device: on, ...change }): Deed =>
      on === null ? { do: 'choose', device: on, ...change } : { do: 'choose', device: on, ...change },
  )
const simple = <Name extends string>(...names: Name[]) => fc.record({ do: fc.constantFrom(...names), device })
const users = fc.subarray(ASKED, { minLength: 1 }).map((some) => (some.includes(SECRET) ? some : [SECRET, ...some]))

/** What changes somebody's own presence. */
const own: fc.WeightedArbitrary<Deed>[] = [
  { weight: 6, arbitrary: connect },
  { weight: 2, arbitrary: simple('leave', 'cut') },
  { weight: 2, arbitrary: simple('activity') },
  { weight: 4, arbitrary: choose },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('signOut' as const, 'work' as const) }) },
]

/** Decisions about what others may know. @param viewers whom somebody may block */
function decided(viewers: readonly string[]): fc.WeightedArbitrary<Deed>[] {
  const block = { do: fc.constant('block' as const), viewer: fc.constantFrom(...viewers), blocked: fc.boolean() }
  return [
    { weight: 1, arbitrary: fc.record({ do: fc.constant('show' as const), shown: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('level' as const), levels }) },
    { weight: 1, arbitrary: fc.record(block) },
  ]
}

const ofOthers: fc.Arbitrary<Deed> = fc.oneof(
  ...own,
  ...decided(OTHERS),
  {
    weight: 7,
    arbitrary: fc.record({ do: fc.constant('watch' as const), device, users, withKnown: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('watchSearch' as const), device, query }) },
  { weight: 1, arbitrary: simple('unwatch') },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('read' as const), user: fc.constantFrom(SECRET, SECRET, ABSENT, NOBODY) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('batch' as const), users }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hostList' as const), query }) },
)

/** They decide, too, as far as it takes nothing back of what they hide, say again that they hide, and look at themselves and at others. */
const ofSecret: fc.Arbitrary<Deed> = fc.oneof(
  ...own,
  ...decided(OTHERS),
  { weight: 2, arbitrary: fc.constant({ do: 'show' as const, shown: false }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch' as const), device, users, withKnown: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('batch' as const), users }) },
)

const isAlways: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      who: fc.constant(null),
      deed: fc.record({ do: fc.constant('search' as const), query, compares: fc.boolean() }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ who: null, deed: { do: 'nextPage' as const } }) },
  {
    weight: 4,
    // Some of it within a grace, some beyond one, a phone's, and the idle time.
    arbitrary: fc.constantFrom(1, 900, 11_000, 31_000, 301_000, 3_600_000).map((ms) => ({
      who: null,
      deed: { do: 'wait' as const, ms },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Outage>('everything', 'decisions', 'nothing')
      .map((of) => ({ who: null, deed: { do: 'outage' as const, of } })),
  },
)
const others: fc.Arbitrary<Step> = fc.record({ who: fc.constantFrom(...OTHERS), deed: ofOthers })
const secret: fc.Arbitrary<Step> = fc.record({ who: fc.constant(SECRET), deed: ofSecret })

const related: fc.Arbitrary<Step> = fc
  .record({ do: fc.constant('relate' as const), viewer: fc.constantFrom(...OTHERS), isContact: fc.boolean() })
  .map((deed) => ({ who: null, deed }))

/** Made-up histories; the shrunk ones are what a finding is read from. */
export const scriptsBy = (hiding: fc.Arbitrary<Hiding>): fc.Arbitrary<Script> =>
  fc
    .record({
      audience: fc.constantFrom('watchers' as const, 'watchers' as const, 'everyone' as const),
      mergeMs: fc.constantFrom(0 as const, 10_000 as const),
      resting: fc.boolean(),
      before: fc.array(
        fc.oneof(
          { weight: 6, arbitrary: others },
          { weight: 4, arbitrary: secret },
          { weight: 2, arbitrary: isAlways },
          { weight: 2, arbitrary: related },
        ),
        { maxLength: 8, size: 'max' },
      ),
      hiding,
      after: fc.array(
        fc.oneof(
          { weight: 4, arbitrary: others },
          { weight: 4, arbitrary: secret },
          { weight: 3, arbitrary: isAlways },
        ),
        { minLength: 4, maxLength: 24, size: 'max' },
      ),
    })
    .map((script) => ({
      ...script,
      before: [...arrivals(script.hiding), ...onViewers(script.before, script.hiding)].filter((step) =>
        isComparable(step, script.hiding),
      ),
      after: onViewers(script.after, script.hiding).filter((step) => isUntold(step, script.hiding)),
    }))

/** What only some may not know only they can give away: one of them is there, and half of what others do is theirs. */
const viewerOf = (hiding: Hiding): string | undefined => (hiding.by === 'block' ? hiding.viewers[0] : undefined)

function arrivals(hiding: Hiding): Step[] {
  const who = viewerOf(hiding)
  const deed: Deed = { do: 'connect', device: 0, format: 'events', type: 'web' }
  return who === undefined ? [] : [{ who, deed }]
}

function onViewers(steps: readonly Step[], hiding: Hiding): Step[] {
  const who = viewerOf(hiding)
  if (who === undefined) return [...steps]
  return steps.map((step, i) => {
    if (step.who === null || step.who === SECRET || i % 2 === 1) return step
    const { deed } = step
    if (deed.do === 'watch') return { who, deed: { ...deed, device: 0 } }
    // What they would be told as everybody is, they ask for where they are somebody.
    const isOwn = isComparable({ who, deed }, hiding)
    return { who, deed: isOwn ? deed : { do: 'watch', device: 0, users: [SECRET], withKnown: false } }
  })
}

export const scripts = scriptsBy(hidings)

/** A script as a person reads it. */
export function describeScript({ before, hiding, after, ...settings }: Script): string {
  const line = ({ who, deed }: Step): string => {
    const { do: name, ...rest } = deed
    const whose = who === SECRET ? 'the secret user: ' : who === null ? '' : `${nameOf(who)}: `
    return `  ${whose}${name} ${JSON.stringify(rest).replaceAll(SECRET, 'SECRET')}`
  }
  return [
    JSON.stringify(settings),
    ...before.map(line),
    `  ${describeHiding(hiding)}; what they do from here on happens in one world alone`,
    ...after.map(line),
  ].join('\n')
}

const nameOf = (id: string): string => PROVIDERS.find((one) => one.id === id)?.name ?? `client ${Number(id.slice(-2))}`
