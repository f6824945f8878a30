import type { ServiceDeps } from './deps.ts'
import { followStore } from './fleet/follow-store.ts'
import { followChanges } from './follow-changes.ts'
import { beginListing } from './keep-listing.ts'
import { followNews } from './live-search/follow-news.ts'
import type { LiveSearches } from './live-search/live-searches.ts'
import { followFlags } from './rollout/review.ts'

/** Draws the consequences of what happens here and, where nodes share a store, elsewhere. */
export function followAll(deps: ServiceDeps, searches: LiveSearches): () => void {
  const unfollow = [followChanges(deps), deps.shared ? followStore(deps, deps.shared) : () => {}]
  if (deps.hasDirectory) unfollow.push(followNews(deps, searches))
  if (deps.rollout) unfollow.push(followFlags(deps, deps.rollout, searches))
  return () => {
    for (const stop of unfollow) stop()
  }
}

/** Takes up what earlier runs left: alone at once, among other nodes as one of them. */
export async function takeUp(deps: ServiceDeps): Promise<void> {
  const { shared, durable, hot, backlog, log } = deps
  await beginListing(deps)
  if (shared) {
    await shared.join()
    backlog.recovery = 'wanted'
    return
  }
  const ended = await durable.endLeftovers(hot.now())
  if (ended > 0) log.info({ sessions: ended }, 'ended sessions that an earlier run left behind')
}
