import { foldName } from '../../domain/fold-name.ts'
import { STATUSES } from '../../domain/status.ts'
import type { ProviderQuery } from '../verbs.ts'

/** What two searches have in common that are one: all that decides what they find, however it was written. */
export function searchKey({ place: _place, statuses, name, ...query }: ProviderQuery): string {
  const { cityId, serviceId, lastSeenWithinMs, activeWithinMs, price, rating, sort, limit } = query
  return JSON.stringify([
    cityId,
    serviceId,
    statuses && STATUSES.filter((status) => statuses.includes(status)),
    lastSeenWithinMs,
    activeWithinMs,
    name === null ? null : foldName(name),
    [price.min, price.max, rating.min, rating.max],
    sort,
    limit,
  ])
}

/** Whether time alone changes what a search finds. */
export const movesWithTime = ({ lastSeenWithinMs, activeWithinMs }: ProviderQuery): boolean =>
  lastSeenWithinMs !== null || activeWithinMs !== null
