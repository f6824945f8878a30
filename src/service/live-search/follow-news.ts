import { openness } from '../../domain/user-record.ts'
import { allowanceOf, narrows } from '../../domain/visibility.ts'
import type { RecordChange, RemoteChange } from '../../store/contract.ts'
import { asError } from '../../telemetry/logger.ts'
import type { ServiceDeps } from '../deps.ts'
import { viewUnlessOff } from '../rollout/hiding-broadcaster.ts'
import type { LiveSearches } from './live-searches.ts'
import type { News } from './window.ts'

/** Milliseconds over which everything is computed anew when the store is lost, is back, or may not have told all of it. */
const SPREAD_MS = 2_000

/** Brings watched searches what this node and others change. @returns stops doing so */
export function followNews({ hot, shared, relistings, rollout, log }: ServiceDeps, searches: LiveSearches): () => void {
  const hear = (news: News): void => {
    if (news.view.version === news.before.version) return
    try {
      searches.hear(news)
    } catch (error) {
      // The change itself is made (R52).
      log.error({ err: asError(error) }, 'a change was made, but not all watched searches heard of it')
    }
  }
  const everything = (): void => searches.everything(SPREAD_MS)
  const unfollow = [
    hot.onChange((change) => hear(ofThisNode(change, rollout))),
    relistings.listen((changed) => searches.relist(changed)),
    ...(shared
      ? [
          shared.onRemoteChange((change) => hear(ofAnother(change, rollout))),
          shared.onDoubt(everything),
          shared.onAmnesia(everything),
          shared.onState(everything),
        ]
      : []),
  ]
  return () => {
    for (const stop of unfollow) stop()
    searches.stop()
  }
}

const ofThisNode = ({ before, after }: RecordChange, rollout: ServiceDeps['rollout']): News => ({
  userId: after.userId,
  view: viewUnlessOff(rollout, after.userId, after.own, after.stranger),
  before: before.stranger,
  visible: allowanceOf(openness(after), 'stranger').status,
  retracts: narrows(openness(before), openness(after)),
})

const ofAnother = (
  { userId, own, stranger, before, visibility }: RemoteChange,
  rollout: ServiceDeps['rollout'],
): News => ({
  userId,
  view: viewUnlessOff(rollout, userId, own, stranger),
  before: before.stranger,
  visible: allowanceOf(visibility, 'stranger').status,
  retracts: narrows(before.visibility, visibility),
})
