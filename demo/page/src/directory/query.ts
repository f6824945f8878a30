import type { ProviderWatchRequest } from 'porchlight/protocol'

/** What is asked of the directory. The address carries it under the names the API uses, so a link shows the same. */
export interface DirectoryQuery {
  readonly cityId: string
  readonly serviceId: string
  /** Empty: everybody, whatever their status. */
  readonly statuses: readonly PresentStatus[]
  readonly lastSeen: LastSeenWithin | null
  readonly activeWithin: ActiveWithin | null
  /** A part of a name; empty: any. */
  readonly name: string
  readonly price: Bounds
  readonly rating: Bounds
  readonly sort: Sort
  /** How many people are watched, `PAGE_SIZE` to `MAX_WINDOW`: grows with "Show more". */
  readonly limit: number
}

/** Inclusive; null: no such bound. */
export interface Bounds {
  readonly min: number | null
  readonly max: number | null
}

export const PRESENT_STATUSES = ['online', 'away', 'dnd'] as const
export type PresentStatus = (typeof PRESENT_STATUSES)[number]

export const SORTS = ['availability', 'last_seen', 'rating', 'price'] as const
export type Sort = (typeof SORTS)[number]

export const LAST_SEEN_WITHIN = ['15m', '1h', '24h', '7d'] as const
type LastSeenWithin = (typeof LAST_SEEN_WITHIN)[number]

export const ACTIVE_WITHIN = ['1h', '24h', '7d'] as const
type ActiveWithin = (typeof ACTIVE_WITHIN)[number]

/** People that come with each "Show more". */
export const PAGE_SIZE = 12
/** The most that one watch can have is 100; above it the list goes on by cursor. */
export const MAX_WINDOW = 96
/** As long as the API takes one. */
export const MAX_NAME_LENGTH = 100

/** Nothing narrowed, in the place where one is. */
export const NO_FILTERS = {
  statuses: [],
  lastSeen: null,
  activeWithin: null,
  name: '',
  price: { min: null, max: null },
  rating: { min: null, max: null },
} as const

/** Reads the filters of an address; what it does not know, it leaves out. City and service may still be missing. */
export function readQuery(address: string): Omit<DirectoryQuery, 'cityId' | 'serviceId'> & {
  readonly cityId: string | null
  readonly serviceId: string | null
} {
  const given = new URLSearchParams(address.split('?')[1] ?? '')
  const wanted = new Set((given.get('online_status') ?? '').split(','))
  return {
    cityId: given.get('city_id'),
    serviceId: given.get('service_id'),
    statuses: PRESENT_STATUSES.filter((status) => wanted.has(status)),
    lastSeen: LAST_SEEN_WITHIN.find((within) => within === given.get('last_seen')) ?? null,
    activeWithin: ACTIVE_WITHIN.find((within) => within === given.get('active_within')) ?? null,
    name: (given.get('name') ?? '').trim().slice(0, MAX_NAME_LENGTH),
    price: { min: readBound(given.get('min_price')), max: readBound(given.get('max_price')) },
    rating: { min: readBound(given.get('min_rating')), max: readBound(given.get('max_rating')) },
    sort: SORTS.find((sort) => sort === given.get('sort')) ?? 'availability',
    limit: readLimit(given.get('limit')),
  }
}

/** @returns null for what the API would refuse */
export const readBound = (text: string | null): number | null =>
  text !== null && /^\d{1,9}(\.\d{1,4})?$/.test(text) ? Number(text) : null

/** Whole pages, so that equal lists are equal searches. */
function readLimit(text: string | null): number {
  const pages = Math.ceil((Number(text) || 0) / PAGE_SIZE)
  return Math.min(Math.max(pages, 1) * PAGE_SIZE, MAX_WINDOW)
}

/** The search for this, as the API takes it. */
export const requestOf = (query: DirectoryQuery): ProviderWatchRequest => ({
  city_id: query.cityId,
  service_id: query.serviceId,
  online_status: [...query.statuses],
  last_seen: query.lastSeen ?? '',
  active_within: query.activeWithin ?? '',
  name: query.name,
  min_price: query.price.min ?? '',
  max_price: query.price.max ?? '',
  min_rating: query.rating.min ?? '',
  max_rating: query.rating.max ?? '',
  sort: query.sort,
  limit: query.limit,
})

/** A search in a URL; what is empty is left out. */
export const paramsOf = (request: ProviderWatchRequest): URLSearchParams =>
  new URLSearchParams(
    Object.entries(request)
      .map(([name, value]) => [name, String(value)] as [string, string])
      .filter(([, value]) => value !== ''),
  )

/** The address of a list. Commas are legal in a query and easier to read than their escapes. */
export function addressOf(query: DirectoryQuery): string {
  const params = paramsOf(requestOf(query))
  if (query.sort === 'availability') params.delete('sort')
  if (query.limit === PAGE_SIZE) params.delete('limit')
  return `/?${params.toString().replaceAll('%2C', ',')}`
}

/** How many filters narrow the list, for the button that opens them on a phone. */
export const filterCount = (query: DirectoryQuery): number => presenceFilterCount(query) + otherFilterCount(query)

const presenceFilterCount = ({ statuses, lastSeen, activeWithin }: DirectoryQuery): number =>
  [statuses.length > 0, lastSeen, activeWithin].filter(Boolean).length

/** Filters that ask for who somebody is, not for when they are here. */
export const otherFilterCount = ({ name, price, rating }: DirectoryQuery): number =>
  [name !== '', price.min !== null || price.max !== null, rating.min !== null || rating.max !== null].filter(Boolean)
    .length

/** Whether both look at the same people, however narrowed: their counts are the same. */
export const isSameStreet = (a: DirectoryQuery, b: DirectoryQuery): boolean =>
  a.cityId === b.cityId && a.serviceId === b.serviceId

/** Whether only the length of the list differs. */
export const isSameList = (a: DirectoryQuery, b: DirectoryQuery): boolean =>
  addressOf({ ...a, limit: PAGE_SIZE }) === addressOf({ ...b, limit: PAGE_SIZE })

/**
 * Whether going from one to the other is a step that Back should undo. A longer list is none, and of what is typed only its
 * beginning and its end are.
 */
export function isStepFrom(before: DirectoryQuery, after: DirectoryQuery): boolean {
  if (isSameList(before, after)) return false
  const untyped = { name: '', price: NO_FILTERS.price, rating: NO_FILTERS.rating }
  return !isSameList({ ...before, ...untyped }, { ...after, ...untyped }) || isTyped(before) !== isTyped(after)
}

const isTyped = (query: DirectoryQuery): boolean => otherFilterCount(query) > 0
