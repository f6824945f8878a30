import { shortName } from '../domain/short-name.ts'

/** The key of every search. */
export const ALL_SEARCHES = 'providers'

/** The key of searches in this city; null: in all of them. */
export const cityKey = (cityId: string | null): string => keyOf('city', cityId ?? 'all')

/** The key of searches for this service; null: for any. */
export const serviceKey = (serviceId: string | null): string => keyOf('service', serviceId ?? 'all')

/** The key of answers that show this provider, whatever they are. Short, so that a hundred of them fit into a header. */
export const providerKey = (userId: string): string => keyOf('provider', shortName(userId))

// Keys are separated by spaces, and a header takes no more than ASCII.
const keyOf = (kind: string, name: string): string => `${kind}-${encodeURIComponent(name)}`
