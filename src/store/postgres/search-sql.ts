import { PresenceError } from '../../domain/errors.ts'
import { isFoundAnywhere } from '../../domain/fold-name.ts'
import { AVAILABILITY, type Status } from '../../domain/status.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { Bounds, ProviderPosition, ProviderSearch, ProviderSort } from '../contract.ts'
import { fromMs, toMs } from './moments.ts'

/** Collects the values of a statement while it is worded. */
export function collectBinds() {
  const values: unknown[] = []
  return {
    values,
    add(value: unknown): string {
      values.push(value)
      return `$${values.length}`
    },
  }
}
export type Binds = ReturnType<typeof collectBinds>

/** Whoever names no price comes after everybody who does; a number that JSON can carry in a cursor. */
const NO_PRICE = 1e15
/** How far a Date of JavaScript reaches. */
const MAX_MS = 8.64e15

interface Order {
  /** What a position is made of, as float8. */
  readonly keys: readonly [string, string]
  /** What is sorted by, descending; word for word what its index has. */
  readonly by: readonly [string, string]
  /** What the search asks of the first of them: where in the index the walk begins and ends. */
  readonly within: (search: ProviderSearch) => Bounds
  /** A key of a position as a value that `by` compares with, or null when it cannot be one. */
  readonly bounds: readonly [(key: number) => string | null, (key: number) => string | null]
}

const asIs = (key: number) => (Number.isFinite(key) ? `${key}::float8` : null)
const asRank = (key: number) => (Number.isInteger(key) && key >= 0 && key <= 3 ? `${key}::smallint` : null)
const asMoment = (key: number) => (Number.isInteger(key) && key >= 0 && key <= MAX_MS ? fromMs(String(key)) : null)

const RANK = 'p.listed_rank'
const AVAILABLE: Order = {
  // Nobody moves in the list while they are present, however active: cursors and cards stay where they are.
  keys: [`${RANK}::float8`, toMs('p.listed_seen')],
  by: [RANK, 'p.listed_seen'],
  within: () => ({ min: null, max: null }),
  bounds: [asRank, asMoment],
}
const withRank = (key: string, within: Order['within']): Order => ({
  keys: [`(${key})::float8`, `${RANK}::float8`],
  by: [`(${key})`, RANK],
  within,
  bounds: [asIs, asRank],
})

/** Present people are seen now, so those who answer soonest come first by last seen, too. */
const ORDERS: Record<ProviderSort, Order> = {
  availability: AVAILABLE,
  last_seen: AVAILABLE,
  rating: withRank('coalesce(p.rating, 0)', ({ rating }) => rating),
  price: withRank(`-coalesce(p.price, '${NO_PRICE}'::float8)`, ({ price }) => negated(price)),
}

const negated = ({ min, max }: Bounds): Bounds => ({ min: max && -max, max: min && -min })

/** The part of a search that is worded once for all its branches. */
interface Wanted {
  readonly order: Order
  readonly conditions: readonly string[]
  readonly limit: string
  readonly columns: string
}

/**
 * Finds the ids of a page, with their positions, best first. Each branch reads one index in the order of the answer and stops when the
 * page is full; only columns that strangers may know of decide (R31).
 */
export function pageSql(search: ProviderSearch, userId: UserIdCodec, binds: Binds): string {
  const order = ORDERS[search.sort]
  const { keys } = order
  const wanted: Wanted = {
    order,
    conditions: [
      ...providerConditions(search, binds),
      ...boundConditions(order.by[0], order.within(search), binds),
      ...(search.after ? [behind(search.after, order, userId, binds)] : []),
    ],
    limit: `${binds.add(search.limit + 1 + search.shown.length)}::int`,
    columns: `p.user_id as id, ${keys[0]} as k1, ${keys[1]} as k2, ${toMs('p.public_activity')} as active, p.public_version as version`,
  }
  const hidden = search.hidden.length === 0 ? null : `${binds.add(search.hidden)}::${userId.sqlType}[]`
  const branches = [
    ...presenceBranches(search, binds).map((conditions) => ordered(search, wanted, conditions, hidden, binds)),
    ...(hidden !== null && fitsUnseen(search) ? [maskedSql(search, wanted, hidden, binds)] : []),
  ]
  const [only] = branches
  if (branches.length === 1 && only !== undefined) return only
  return `select * from (${branches.map((branch) => `(${branch})`).join(' union all ')}) branches
    order by k1 desc, k2 desc, id desc limit ${wanted.limit}`
}

/** One walk along an index; of several cities, the best of each. */
function ordered(
  { cityId, serviceId }: ProviderSearch,
  { order, conditions, limit, columns }: Wanted,
  presence: readonly string[],
  hidden: string | null,
  binds: Binds,
): string {
  const others = hidden === null ? [] : [`p.user_id <> all(${hidden})`]
  const rest = ['p.city is not null', ...conditions, ...presence, ...others].join(' and ')
  const walk = (city: string) => `
    select ${columns} from porchlight_presence p where p.city = ${city} and ${rest}
    order by ${order.by[0]} desc, ${order.by[1]} desc, p.user_id desc limit ${limit}`
  if (cityId !== null) return walk(`${binds.add(cityId)}::text`)
  return `
    select best.* from (
      select distinct city from porchlight_counts where service = ${binds.add(serviceId ?? '')}::text
    ) cities cross join lateral (${walk('cities.city')}) best
    order by k1 desc, k2 desc, id desc limit ${limit}`
}

/** Whether somebody never seen is among those whose presence is asked for. */
const fitsUnseen = ({ statuses, seenSince, activeSince }: ProviderSearch): boolean =>
  (statuses === null || statuses.includes('offline')) && seenSince === null && activeSince === null

/**
 * Those whose hiding is not stored yet, as somebody never seen (R32). There are few. The version is the stored one: whoever hid long ago
 * and says so again would otherwise move the time of the answer (R31).
 */
const maskedSql = (
  { cityId }: ProviderSearch,
  { conditions, columns }: Wanted,
  hidden: string,
  binds: Binds,
): string => `
  select ${columns} from (
    select user_id, city, services, rating, price, 0::smallint as listed_rank, timestamptz(3) 'epoch' as listed_seen,
      null::timestamptz as public_activity, public_version
    from porchlight_presence where user_id = any(${hidden})
  ) p where p.city is not null and ${[
    ...(cityId === null ? [] : [`p.city = ${binds.add(cityId)}::text`]),
    ...conditions,
    'true',
  ].join(' and ')}`

/** What is asked of the provider, apart from presence and city. */
function providerConditions({ serviceId, name, price, rating }: ProviderSearch, binds: Binds): string[] {
  const conditions: string[] = []
  if (serviceId !== null) conditions.push(`p.services @> array[${binds.add(serviceId)}::text]`)
  conditions.push(...boundConditions('p.price', price, binds), ...boundConditions('p.rating', rating, binds))
  if (name !== null) {
    const matches = namePatterns(name).map((pattern) => `name_key like ${binds.add(pattern)}::text`)
    conditions.push(`p.user_id in (select user_id from porchlight_directory where ${matches.join(' or ')})`)
  }
  return conditions
}

/** What {@link isNamed} says, in words that the index of trigrams understands. */
function namePatterns(name: string): string[] {
  const text = name.replace(/[\\%_]/g, '\\$&')
  return isFoundAnywhere(name) ? [`%${text}%`] : [`${text}%`, `% ${text}%`]
}

const boundConditions = (expression: string, { min, max }: Bounds, binds: Binds): string[] => [
  ...(min === null ? [] : [`${expression} >= ${binds.add(min)}::float8`]),
  ...(max === null ? [] : [`${expression} <= ${binds.add(max)}::float8`]),
]

/**
 * What is asked of their presence, as branches that exclude each other; bounds are inclusive. Whoever is present comes before whoever
 * is not, and they by when they were seen: all of "seen since" is the beginning of the list, so that its index finds the end. Whoever
 * was active since was also seen since, but for the few who used the service after they left.
 */
function presenceBranches(search: ProviderSearch, binds: Binds): string[][] {
  const { statuses, seenSince, activeSince } = search
  const base = statuses === null ? [] : rankConditions(statuses)
  const since = (ms: number) => `${fromMs(binds.add(ms))}::timestamptz(3)`
  const seen = (ms: number) => `(${RANK}, p.listed_seen) >= (0::smallint, ${since(ms)})`
  if (seenSince !== null) base.push(seen(seenSince))
  if (activeSince === null) return [base]
  const active = fromMs(binds.add(activeSince))
  return [
    [...base, seen(activeSince), `(${RANK} = ${AVAILABILITY.online} or p.public_activity >= ${active})`],
    [...base, `${RANK} = 0 and p.listed_seen < ${since(activeSince)} and p.listed_activity >= ${active}`],
  ]
}

/** A range where the statuses are neighbours, so that an index can go straight there. */
function rankConditions(statuses: readonly Status[]): string[] {
  const ranks = [...new Set(statuses.map((status) => AVAILABILITY[status]))].toSorted((a, b) => a - b)
  const [low = 0, high = low] = [ranks[0], ranks.at(-1)]
  if (low === high) return [`${RANK} = ${low}`]
  const range = `${RANK} between ${low} and ${high}`
  return ranks.length === high - low + 1 ? [range] : [range, `${RANK} in (${ranks.join(', ')})`]
}

/** @throws {PresenceError} INVALID_CURSOR */
function behind(after: ProviderPosition, { by, bounds }: Order, userId: UserIdCodec, binds: Binds): string {
  const id = userId.parse(after.id)
  const [first, second] = [bounds[0](after.keys[0]), bounds[1](after.keys[1])]
  if (id === null || first === null || second === null) {
    throw new PresenceError('INVALID_CURSOR', 'This cursor is not one of ours.')
  }
  return `(${by[0]}, ${by[1]}, p.user_id) < (${first}, ${second}, ${binds.add(id)}::${userId.sqlType})`
}
