import { PresenceError } from '../domain/errors.ts'
import { infoFor } from '../domain/info.ts'
import { isPresent } from '../domain/status.ts'
import type { UserRecord } from '../domain/user-record.ts'
import type { ProviderSearch } from '../store/contract.ts'
import { isPresumed, readBelieved } from './believe.ts'
import type { ServiceDeps } from './deps.ts'
import type { ProviderQuery, ProviderResult } from './verbs.ts'

/** Searches the directory and shows each hit as it is this moment. See {@link PresenceVerbs.findProviders}. */
export async function findProviders(deps: ServiceDeps, query: ProviderQuery): Promise<ProviderResult> {
  if (!deps.hasDirectory) throw new PresenceError('NOT_FOUND', 'This system has no directory of providers.')
  const { lastSeenWithinMs, activeWithinMs, ...rest } = query
  const now = deps.hot.now()
  const within = (ms: number | null) => (ms === null ? null : now - ms)
  const search = {
    ...rest,
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
    return [{ fields, position, presence: doubted ? { ...presence, stale: true as const } : presence }]
  })
  const next = page.more ? (page.rows.at(-1)?.position ?? null) : null
  return { providers, next, counts: page.counts, asOf: page.asOf, stale }
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
