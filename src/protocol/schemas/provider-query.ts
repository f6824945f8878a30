import { z } from 'zod'
import { parseDuration } from '../../domain/duration.ts'
import { foldName, isPartOfName } from '../../domain/fold-name.ts'
import { STATUSES, type Status } from '../../domain/status.ts'
import { parse } from './parse.ts'

/** Orders of a search; the first is the default. */
const SEARCH_SORTS = ['availability', 'last_seen', 'rating', 'price'] as const

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100

const text = (name: string) =>
  z.string({ error: `${name} is given at most once.` }).min(1, { error: `${name} is empty.` })

const isStatus = (word: string): word is Status => (STATUSES as readonly string[]).includes(word)

const statuses = text('online_status')
  .refine((list) => list.split(',').every(isStatus), {
    error: `online_status lists statuses, separated by commas: ${STATUSES.join(', ')}.`,
  })
  .meta({ description: `Statuses, separated by commas: ${STATUSES.join(', ')}.`, example: 'online,away' })

const duration = (name: string) =>
  text(name)
    .refine((given) => parseDuration(given) !== null, {
      error: `${name} is a duration such as 30s, 15m, 1h or 7d, at most 90d.`,
    })
    .meta({ description: 'A duration such as 30s, 15m, 1h or 7d, at most 90d.', example: '1h' })

const limit = text('limit')
  .refine((given) => /^\d{1,3}$/.test(given) && Number(given) >= 1 && Number(given) <= MAX_LIMIT, {
    error: `limit is a whole number from 1 to ${MAX_LIMIT}.`,
  })
  .meta({ description: `How many, from 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} unless told otherwise.`, example: '20' })

/** A cursor names up to 500 people in eight characters each. */
const MAX_CURSOR_LENGTH = 4_400

const MAX_NAME_LENGTH = 100

const name = text('name')
  .max(MAX_NAME_LENGTH, { error: `name has at most ${MAX_NAME_LENGTH} characters.` })
  // Nobody's name has control characters, and PostgreSQL's text cannot hold a zero.
  .regex(/^\P{Cc}*$/u, { error: 'name is text without control characters.' })
  // Nothing else narrows a search, and no index knows it.
  .refine((given) => isPartOfName(foldName(given)), { error: 'name has at least one letter or digit.' })
  .meta({
    description:
      'A part of the name, or one or two characters that begin a word of it; case and accents do not matter.',
    example: 'jose',
  })

const bound = (field: string, description: string, example: string) =>
  text(field)
    .regex(/^\d{1,9}(\.\d{1,4})?$/, { error: `${field} is a number such as 4 or 4.5.` })
    .meta({ description, example })

/** The part of a search that is about presence; the host's own search takes it, too. */
const presenceFilterShape = z.object({
  online_status: statuses.optional(),
  last_seen: duration('last_seen').optional(),
  active_within: duration('active_within').optional(),
})

/** The query of GET /api/providers. Parameters that are not named here are left alone. */
export const providerQueryShape = z.object({
  city_id: text('city_id').max(64, { error: 'city_id is too long.' }).optional(),
  service_id: text('service_id').max(64, { error: 'service_id is too long.' }).optional(),
  ...presenceFilterShape.shape,
  name: name.optional(),
  min_price: bound('min_price', 'The lowest price, inclusive.', '20').optional(),
  max_price: bound('max_price', 'The highest price, inclusive.', '60').optional(),
  min_rating: bound('min_rating', 'The lowest rating, inclusive.', '4.5').optional(),
  max_rating: bound('max_rating', 'The highest rating, inclusive.', '5').optional(),
  sort: z.enum(SEARCH_SORTS, { error: `sort is one of ${SEARCH_SORTS.join(', ')}.` }).optional(),
  limit: limit.optional(),
  cursor: z
    .string({ error: 'cursor is given at most once.' })
    .max(MAX_CURSOR_LENGTH, { error: 'cursor is not one of ours.' })
    .meta({ description: 'next_cursor of the page before.' })
    .optional(),
})

/** Conditions on presence, as the service takes them. Null: no such condition. */
export interface ParsedPresenceFilter {
  readonly statuses: readonly Status[] | null
  readonly lastSeenWithinMs: number | null
  readonly activeWithinMs: number | null
}

/** Inclusive; null: no such bound. */
export interface ParsedBounds {
  readonly min: number | null
  readonly max: number | null
}

/** A search as it was asked for; the cursor is still opaque. */
export interface ParsedProviderQuery extends ParsedPresenceFilter {
  readonly cityId: string | null
  readonly serviceId: string | null
  readonly name: string | null
  readonly price: ParsedBounds
  readonly rating: ParsedBounds
  readonly sort: (typeof SEARCH_SORTS)[number]
  readonly limit: number
  readonly cursor: string | null
}

const filterOf = (query: z.infer<typeof presenceFilterShape>): ParsedPresenceFilter => ({
  statuses: query.online_status === undefined ? null : [...new Set(query.online_status.split(',').filter(isStatus))],
  lastSeenWithinMs: query.last_seen === undefined ? null : parseDuration(query.last_seen),
  activeWithinMs: query.active_within === undefined ? null : parseDuration(query.active_within),
})

const boundsOf = (min: string | undefined, max: string | undefined): ParsedBounds => ({
  min: min === undefined ? null : Number(min),
  max: max === undefined ? null : Number(max),
})

/** @throws {PresenceError} INVALID_QUERY */
export const parsePresenceFilter = (query: unknown): ParsedPresenceFilter =>
  filterOf(parse(presenceFilterShape, query, { other: 'INVALID_QUERY' }))

/** @throws {PresenceError} INVALID_QUERY, INVALID_CURSOR */
export function parseProviderQuery(input: unknown): ParsedProviderQuery {
  const query = parse(providerQueryShape, input, { other: 'INVALID_QUERY', fields: { cursor: 'INVALID_CURSOR' } })
  return {
    ...filterOf(query),
    cityId: query.city_id ?? null,
    serviceId: query.service_id ?? null,
    name: query.name ?? null,
    price: boundsOf(query.min_price, query.max_price),
    rating: boundsOf(query.min_rating, query.max_rating),
    sort: query.sort ?? SEARCH_SORTS[0],
    limit: query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit),
    cursor: query.cursor ?? null,
  }
}
