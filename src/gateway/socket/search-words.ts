import { isoTime } from '../../domain/info.ts'
import type { ProviderCard, ProvidersDiff, ProviderWatchReply } from '../../protocol/events.ts'
import type { WindowDiff } from '../../service/live-search/diff-windows.ts'
import type { FoundProvider, ProviderQuery, WatchedProviders } from '../../service/verbs.ts'
import { encodeCursor } from '../cursor.ts'
import { providerList } from '../http/provider-routes.ts'
import { presenceFields } from '../http/with-presence.ts'

type Sort = ProviderQuery['sort']

/** Words what became of a watched search. `now` is epoch milliseconds, for the words only. */
export function wordDiff(watchId: string, seq: number, diff: WindowDiff, sort: Sort, now: number): ProvidersDiff {
  const { counts, order } = diff
  const cards = (found: readonly FoundProvider[]): ProviderCard[] =>
    found.map(({ fields, presence }) => ({ ...fields, ...presenceFields(presence, now) }))
  return {
    watch_id: watchId,
    seq,
    enter: cards(diff.enter),
    leave: [...diff.leave],
    change: cards(diff.change),
    counts: { online: counts.online, away: counts.away, dnd: counts.dnd },
    ...(order === null ? {} : { order: [...order] }),
    next_cursor: diff.next === null ? null : encodeCursor(sort, diff.next),
    as_of: isoTime(diff.asOf),
    stale: diff.stale,
  }
}

/** Words the answer to `watchProviders`. */
export const wordWatched = (
  { watchId, seq, result }: WatchedProviders,
  sort: Sort,
  now: number,
): Omit<ProviderWatchReply, 'ok'> => ({ watch_id: watchId, seq, ...providerList(result, sort, now) })
