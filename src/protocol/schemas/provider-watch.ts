import { z } from 'zod'
import { PresenceError } from '../../domain/errors.ts'
import type { ProviderWatchRequest } from '../events.ts'
import { omittable } from './omittable.ts'
import { parse } from './parse.ts'

const number = (name: string) => omittable(z.union([z.string(), z.number()], { error: `${name} is text or a number.` }))
const text = (name: string) => omittable(z.string({ error: `${name} is text.` }))

/** What `watchProviders` takes: each field as JSON writes it, or as a query writes it. What fields mean, the query says. */
export const providerWatchShape = z.object(
  {
    city_id: number('city_id'),
    service_id: number('service_id'),
    online_status: omittable(
      z.union([z.string(), z.array(z.string())], { error: 'online_status is a list of statuses, or text.' }),
    ),
    last_seen: text('last_seen'),
    active_within: text('active_within'),
    name: text('name'),
    min_price: number('min_price'),
    max_price: number('max_price'),
    min_rating: number('min_rating'),
    max_rating: number('max_rating'),
    sort: text('sort'),
    limit: number('limit'),
  },
  { error: 'A search to watch is an object.' },
)

// Everything the wire's type allows is taken; what else is, the query refuses.
type Takes<Shape extends z.ZodType> = [ProviderWatchRequest] extends [z.input<Shape>] ? Shape : never
const shape: Takes<typeof providerWatchShape> = providerWatchShape

/**
 * Words a search to watch as a query of GET /api/providers, so that both are checked and read by the same rules.
 *
 * @throws {PresenceError} INVALID_PAYLOAD, INVALID_QUERY
 */
export function parseProviderWatch(input: unknown): Record<string, string> {
  const given = parse(shape, input, { other: 'INVALID_PAYLOAD' })
  if (typeof input === 'object' && input !== null && 'cursor' in input) {
    throw new PresenceError('INVALID_QUERY', 'A watched search begins at the top: it takes no cursor.')
  }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : String(value)]],
    ),
  )
}
