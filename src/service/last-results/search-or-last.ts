import { PresenceError } from '../../domain/errors.ts'
import type { ServiceDeps } from '../deps.ts'
import { searchNow } from '../find-providers.ts'
import { searchKey } from '../live-search/search-key.ts'
import type { ProviderQuery, ProviderResult } from '../verbs.ts'
import type { LastPage } from './last-pages.ts'
import { showLast } from './show-last.ts'
import { createSingleFlight } from './single-flight.ts'

/** Milliseconds that a search waits for PostgreSQL when there is something else to answer. */
const PATIENCE_MS = 2_000

/** Searches; equal searches at the same time are one. See {@link PresenceVerbs.findProviders}. */
export function createSearch(deps: ServiceDeps): (query: ProviderQuery) => Promise<ProviderResult> {
  const { lastPages, lastResultsMs, metrics, hot } = deps
  const searches = createSingleFlight<ProviderResult>()
  const looks = createSingleFlight<ProviderResult>()

  async function searchAndRemember(key: string, query: ProviderQuery): Promise<ProviderResult> {
    const underWay = lastPages.begin(query)
    try {
      const found = await searchNow(deps, query)
      if (!found.result.stale) underWay.remember(key, found)
      return found.result
    } finally {
      underWay.end()
    }
  }

  /** What may still be shown of what this search found last. */
  function lastPage(key: string): LastPage | undefined {
    const page = lastPages.get(key)
    return page && hot.now() - page.at <= lastResultsMs ? page : undefined
  }

  return async (query) => {
    const key = keyOf(query)
    const found = searches.join(key, () => searchAndRemember(key, query))
    try {
      return await (lastPage(key) ? inTime(found, PATIENCE_MS) : found)
    } catch (error) {
      const page = isAway(error) ? lastPage(key) : undefined
      if (!page) throw error
      metrics.lastResults.inc()
      return looks.join(key, () => showLast(deps, lastPages, page))
    }
  }
}

const keyOf = (query: ProviderQuery): string => {
  const { place } = query
  return place === null
    ? searchKey(query)
    : JSON.stringify([searchKey(query), place.shown.join(''), place.after?.keys, place.after?.id])
}

const isAway = (error: unknown): boolean => error instanceof PresenceError && error.retryable

/** @throws {PresenceError} STORE_UNAVAILABLE when it takes longer; it goes on all the same */
function inTime<Result>(found: Promise<Result>, ms: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new PresenceError('STORE_UNAVAILABLE', 'The search takes too long at the moment.', { retryable: true }))
    }, ms)
    found.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}
