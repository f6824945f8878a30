import type { ServiceDeps } from '../../service/deps.ts'
import { retainPart } from '../../service/retention.ts'
import { userAgentFamily } from '../device.ts'
import { type Loop, startLoop } from './loop.ts'

/** How often one of the nodes looks for sessions that have become too old: what is told in days may be an hour late. */
const LOOK_EVERY_MS = 3_600_000
/** A process that just started has more urgent things to do. */
const FIRST_LOOK_MS = 60_000
/** A look takes at most one part in so many of the time, however much there is to do. */
const SHARE = 5

/** Shortens and deletes what is kept of old sessions, on one node, in parts with pauses between them (R35). */
export function startRetentionJob(
  deps: ServiceDeps,
  options: { readonly retentionDays: number; readonly deletionDays: number },
): Loop {
  const { durable, hot, shared, metrics, log } = deps
  const retention = { ...options, familyOf: userAgentFamily }
  let pauseMs = FIRST_LOOK_MS
  let isFirst = true
  let done = { shortened: 0, deleted: 0 }
  let isUnderWay = false

  async function look(): Promise<void> {
    if (isFirst) {
      isFirst = false
      return
    }
    pauseMs = LOOK_EVERY_MS
    // A little less than the pause, so that whoever has it now may have it again.
    if (!isUnderWay && shared && !(await shared.claim('retention', LOOK_EVERY_MS - 1_000))) return
    const startedAt = performance.now()
    const { shortened, deleted, isLast } = await retainPart(durable, retention, hot.now())
    metrics.retained.inc({ what: 'shortened' }, shortened)
    metrics.retained.inc({ what: 'deleted' }, deleted)
    done = { shortened: done.shortened + shortened, deleted: done.deleted + deleted }
    isUnderWay = !isLast
    if (isUnderWay) {
      pauseMs = (SHARE - 1) * (performance.now() - startedAt)
      return
    }
    if (done.shortened + done.deleted > 0) log.info(done, 'what was kept of old sessions was shortened or deleted')
    done = { shortened: 0, deleted: 0 }
  }

  return startLoop('retention', look, () => pauseMs, log)
}
