import { foldName } from '../domain/fold-name.ts'
import { shortName } from '../domain/short-name.ts'
import { PresenceError } from '../domain/errors.ts'
import { infoFor } from '../domain/info.ts'
import { isPresent } from '../domain/status.ts'
import type { UserRecord } from '../domain/user-record.ts'
import type { ProviderRow, ProviderSearch } from '../store/contract.ts'
import { isPresumed, readBelieved } from './believe.ts'
import type { ServiceDeps } from './deps.ts'
import type { FoundProvider, ProviderPlace, ProviderQuery, ProviderResult } from './verbs.ts'

/** Of so many shown providers a reader's place names each; beyond, it names the latest, and goes on behind the last. */
export const SHOWN_WINDOW = 500

const FROM_THE_TOP: ProviderPlace = { shown: [], after: null }

/** Searches the directory and shows each hit as it is this moment. See {@link PresenceVerbs.findProviders}. */
export async function findProviders(deps: ServiceDeps, query: ProviderQuery): Promise<ProviderResult> {
  if (!deps.hasDirectory) throw new PresenceError('NOT_FOUND', 'This system has no directory of providers.')
  const { lastSeenWithinMs, activeWithinMs, name, place, ...rest } = query
  const now = deps.hot.now()
  const within = (ms: number | null) => (ms === null ? null : now - ms)
  const search = {
    ...rest,
    ...(place ?? FROM_THE_TOP),
    name: name === null ? null : foldName(name),
    seenSince: within(lastSeenWithinMs),
    activeSince: within(activeWithinMs),
    hidden: deps.pendingDecisions.users(),
  }
  const page = await deps.durable.findProviders(search)
  const { records, stale } = await readBelieved(
    deps,
    page.rows.map(({ userId }) => userId),
  )
  const providers = page.rows.flatMap(({ userId, fields, position }) => {
    const record = records.get(userId)
    if (!record || !stillMatches(record, search)) return []
    const presence = infoFor(record, null)
    const doubted = stale || isPresumed(record)
    const { version } = record.stranger
    return [{ userId, fields, position, version, presence: doubted ? { ...presence, stale: true as const } : presence }]
  })
  const next = page.more ? nextPlace(search, providers, page.rows) : null
  return { providers, next, counts: page.counts, asOf: page.asOf, stale }
}

/** Whoever was found but not given stays to be shown, unless nobody was given: that page must not come again for ever. */
function nextPlace(
  { shown, after }: ProviderPlace,
  given: readonly FoundProvider[],
  rows: readonly ProviderRow[],
): ProviderPlace {
  const latest = given.length > 0 ? given : rows
  const all = [...shown, ...latest.map(({ userId }) => shortName(userId))]
  const isBeyond = after !== null || all.length > SHOWN_WINDOW
  return { shown: all.slice(-SHOWN_WINDOW), after: isBeyond ? (latest.at(-1)?.position ?? after) : null }
}

/** The index is a moment behind: a hit that left what was asked for meanwhile would contradict its own dot. */
function stillMatches({ stranger, shown, visibility }: UserRecord, search: ProviderSearch): boolean {
  const { statuses, seenSince, activeSince } = search
  const shownActivityAt = visibility.visible ? shown.lastActivityAt : null
  return (
    (statuses === null || statuses.includes(stranger.status)) &&
    (seenSince === null || isPresent(stranger.status) || (stranger.lastSeenAt ?? 0) >= seenSince) &&
    (activeSince === null || stranger.status === 'online' || (shownActivityAt ?? 0) >= activeSince)
  )
}
