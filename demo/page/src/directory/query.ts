/** What is asked of the directory. The address carries it under the names the API uses, so a link shows the same. */
export interface DirectoryQuery {
  readonly cityId: string
  readonly serviceId: string
  /** Empty: everybody, whatever their status. */
  readonly statuses: readonly PresentStatus[]
  readonly activeWithin: '24h' | null
  readonly lastSeen: '1h' | null
  readonly sort: Sort
}

export const PRESENT_STATUSES = ['online', 'away', 'dnd'] as const
export type PresentStatus = (typeof PRESENT_STATUSES)[number]

const SORTS = ['availability', 'last_seen', 'rating', 'price'] as const
export type Sort = (typeof SORTS)[number]

/** People on one page of the list. */
export const PAGE_SIZE = 12

/** Reads the filters of an address; what it does not know, it leaves out. City and service may still be missing. */
export function readQuery(address: string): Omit<DirectoryQuery, 'cityId' | 'serviceId'> & {
  readonly cityId: string | null
  readonly serviceId: string | null
} {
  const query = new URLSearchParams(address.split('?')[1] ?? '')
  const wanted = new Set((query.get('online_status') ?? '').split(','))
  return {
    cityId: query.get('city_id'),
    serviceId: query.get('service_id'),
    statuses: PRESENT_STATUSES.filter((status) => wanted.has(status)),
    activeWithin: query.get('active_within') === '24h' ? '24h' : null,
    lastSeen: query.get('last_seen') === '1h' ? '1h' : null,
    sort: SORTS.find((sort) => sort === query.get('sort')) ?? 'availability',
  }
}

function params(query: DirectoryQuery): URLSearchParams {
  const result = new URLSearchParams({ city_id: query.cityId, service_id: query.serviceId })
  if (query.statuses.length > 0) result.set('online_status', query.statuses.join(','))
  if (query.activeWithin) result.set('active_within', query.activeWithin)
  if (query.lastSeen) result.set('last_seen', query.lastSeen)
  if (query.sort !== 'availability') result.set('sort', query.sort)
  return result
}

/** The address of a list. Commas are legal in a query and easier to read than their escapes. */
export const addressOf = (query: DirectoryQuery): string => `/?${params(query).toString().replaceAll('%2C', ',')}`

export function requestOf(query: DirectoryQuery, cursor: string | null): URLSearchParams {
  const result = params(query)
  result.set('sort', query.sort)
  result.set('limit', String(PAGE_SIZE))
  if (cursor) result.set('cursor', cursor)
  return result
}

/** How many filters narrow the list, for the button that opens them on a phone. */
export const filterCount = (query: DirectoryQuery): number =>
  Number(query.statuses.length > 0) + Number(query.activeWithin !== null) + Number(query.lastSeen !== null)
