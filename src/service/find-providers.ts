import { foldName } from '../domain/fold-name.ts'
import { shortName } from '../domain/short-name.ts'
import { PresenceError } from '../domain/errors.ts'
import { presenceInfo } from '../domain/info.ts'
import { isPresent } from '../domain/status.ts'
import type { View } from '../domain/view.ts'
import { publicActivity, type UserRecord } from '../domain/user-record.ts'
import type { ProviderRow, ProviderSearch } from '../store/contract.ts'
import { isPresumed, readBelieved } from './believe.ts'
import type { ServiceDeps } from './deps.ts'
import type { FoundProvider, ProviderPlace, ProviderQuery, ProviderResult } from './verbs.ts'

/** Of so many shown providers a reader's place names each; beyond, it names the latest, and goes on behind the last. */
export const SHOWN_WINDOW = 500

export const FROM_THE_TOP: ProviderPlace = { shown: [], after: null }

/** Searches the directory and shows each hit as it is this moment: always asks anew, and fails while nobody can be asked. */
export const findProviders = async (deps: ServiceDeps, query: ProviderQuery): Promise<ProviderResult> =>
  (await searchNow(deps, query)).result

/** What a search found, with the records that it was shown by. */
export interface FoundNow {
  readonly result: ProviderResult
  readonly records: ReadonlyMap<string, UserRecord>
}

/** @throws {PresenceError} NOT_FOUND, INVALID_CURSOR, STORE_UNAVAILABLE */
export async function searchNow(deps: ServiceDeps, query: ProviderQuery): Promise<FoundNow> {
  if (!deps.hasDirectory) throw new PresenceError('NOT_FOUND', 'This system has no directory of providers.')
  const { lastSeenWithinMs: _seen, activeWithinMs: _active, name, place, ...rest } = query
  const bounds = boundsOf(query, deps.hot.now())
  const search: ProviderSearch = {
    ...rest,
    ...bounds,
    ...(place ?? FROM_THE_TOP),
    name: name === null ? null : foldName(name),
    hidden: deps.pendingDecisions.hidden(),
  }
  const page = await deps.durable.findProviders(search)
  const { records, stale } = await readBelieved(
    deps,
    page.rows.map(({ userId }) => userId),
    null,
  )
  const providers = page.rows.flatMap(({ userId, fields, position }) => {
    const record = records.get(userId)
    if (!record || !stillMatches(shownOf(record), bounds)) return []
    const presence = presenceInfo(userId, record.stranger, true)
    const { version, status } = record.stranger
    // Only who is shown as present can be presumed so: whoever hid looks like anybody who is not here (R30).
    const doubted = stale || (isPresent(status) && isPresumed(record))
    return [{ userId, fields, position, version, presence: doubted ? { ...presence, stale: true as const } : presence }]
  })
  const next = page.more ? nextPlace(search, providers, page.rows) : null
  return { result: { providers, next, counts: page.counts, asOf: page.asOf, stale }, records }
}

type PresenceBounds = Pick<ProviderSearch, 'statuses' | 'seenSince' | 'activeSince'>

/** The part of a search that is about presence, at this moment of the store's clock. */
export function boundsOf({ statuses, lastSeenWithinMs, activeWithinMs }: ProviderQuery, now: number): PresenceBounds {
  const within = (ms: number | null) => (ms === null ? null : now - ms)
  return { statuses, seenSince: within(lastSeenWithinMs), activeSince: within(activeWithinMs) }
}

/** Whoever was found but not given stays to be shown, unless nobody was given: that page must not come again for ever. */
export function nextPlace(
  { shown, after }: ProviderPlace,
  given: readonly FoundProvider[],
  rows: readonly Pick<ProviderRow, 'userId' | 'position'>[],
): ProviderPlace {
  const latest = given.length > 0 ? given : rows
  const all = [...shown, ...latest.map(({ userId }) => shortName(userId))]
  const isBeyond = after !== null || all.length > SHOWN_WINDOW
  return { shown: all.slice(-SHOWN_WINDOW), after: isBeyond ? (latest.at(-1)?.position ?? after) : null }
}

/** What strangers may know of somebody. */
export interface Shown {
  readonly view: View
  /** Epoch milliseconds of their last sign of use, or null. */
  readonly activityAt: number | null
}

export const shownOf = (record: UserRecord): Shown => ({
  view: record.stranger,
  activityAt: publicActivity(record),
})

/** The index is a moment behind: a hit that left what was asked for meanwhile would contradict its own dot. */
export function stillMatches({ view, activityAt }: Shown, bounds: PresenceBounds): boolean {
  const { statuses, seenSince, activeSince } = bounds
  return (
    (statuses === null || statuses.includes(view.status)) &&
    (seenSince === null || isPresent(view.status) || (view.lastSeenAt ?? 0) >= seenSince) &&
    (activeSince === null || view.status === 'online' || (activityAt ?? 0) >= activeSince)
  )
}
