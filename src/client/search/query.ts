import type { ProviderWatchRequest } from '../../protocol/events.ts'

/** A search in the one form that all its readers share. */
export interface SearchQuery {
  /** Equal for equal searches, however they are written. */
  readonly key: string
  readonly request: ProviderWatchRequest
}

/** Numbers become text, statuses a list in one order, and what is empty, like a field that nobody filled in, is left out. */
export function normaliseQuery(query: ProviderWatchRequest): SearchQuery {
  const given = Object.entries(query)
    .map(([name, value]) => [name, name === 'online_status' ? inOrder(textOf(value)) : textOf(value)] as const)
    .filter(([, text]) => text !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { key: JSON.stringify(given), request: Object.fromEntries(given) }
}

// JavaScript may hand over what the types do not allow: a null says as little as a name that is missing.
const textOf = (value: string | number | readonly string[] | null | undefined): string => [value ?? ''].flat().join(',')

const inOrder = (statuses: string): string => [...new Set(statuses.split(','))].toSorted().join(',')
