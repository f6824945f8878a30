import type { ServiceDeps } from '../../service/deps.ts'
import { repairPart } from '../../service/keep-listing.ts'
import { type Loop, startLoop } from './loop.ts'

/** Shortest pause between two comparisons of the whole listing with the host's directory. */
const REPAIR_EVERY_MS = 60_000
/** A comparison takes at most one part in so many of a node's time, however large the directory is. */
const SHARE = 20
/** The same while it finds what is not listed yet, as after the first start with many: that is waited for. */
const CATCHING_UP = 2

/**
 * Repairs the listing from time to time, on one node, for changes of the directory that nobody told of. Its share of the time is spread
 * evenly: searches wait for one part at most, never for minutes in which every other moment is taken.
 */
export function startListingJob(deps: ServiceDeps): Loop {
  let after: string | null = null
  let pauseMs = REPAIR_EVERY_MS

  async function compareSome(): Promise<void> {
    pauseMs = REPAIR_EVERY_MS
    // A little less than the pause, so that whoever has it now may have it again.
    if (after === null && deps.shared && !(await deps.shared.claim('listing', REPAIR_EVERY_MS - 1_000))) return
    const startedAt = performance.now()
    const part = await repairPart(deps, after)
    after = part.after
    const share = part.changed.length > 0 ? CATCHING_UP : SHARE
    if (after !== null) pauseMs = (share - 1) * (performance.now() - startedAt)
    if (part.changed.length > 0 || part.corrected > 0) {
      deps.log.info({ providers: part.changed.length, counts: part.corrected }, 'the listing was brought up to date')
    }
  }

  return startLoop('listing', compareSome, () => pauseMs, deps.log)
}
