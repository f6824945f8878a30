import type { ServiceDeps } from '../../service/deps.ts'
import { settleDoubts } from '../../service/fleet/follow-store.ts'
import { reconcileAll } from '../../service/fleet/reconcile.ts'
import { keepLease } from '../../service/fleet/keep-lease.ts'
import { recover } from '../../service/fleet/recover.ts'
import { SURVEY_EVERY_MS, takeOver } from '../../service/fleet/take-over.ts'
import { endDeleted } from '../../service/change-access.ts'
import { createAccessFollower } from '../../service/follow-access.ts'
import { noteSample, SAMPLE_EVERY_MS } from '../../service/operate/note-sample.ts'
import { project } from '../../service/project.ts'
import { settleDue } from '../../service/settle-due.ts'
import type { AttachedSockets } from '../socket/attach-sockets.ts'
import { startListingJob } from './listing-job.ts'
import { type Loop, startLoop } from './loop.ts'
import { startRetentionJob } from './retention-job.ts'

/**
 * Longest sleep of the loop that handles deadlines: how late one may be that was set while it slept. Waking up costs an idle
 * process more than anything else it does.
 */
const MAX_SLEEP_MS = 200
/** How often a node reads what others stored about access: with the way there and back, less than the two seconds of R61. */
const ACCESS_EVERY_MS = 1_000
const ALIVE_EVERY_MS = 5_000

/** Milliseconds until a node that could not renew its lease, or has something to catch up with, tries again. */
const SOON_MS = 250

export interface JobOptions {
  readonly projectEveryMs: number
  readonly nodeLeaseMs: number
  readonly reconcileMs: number
  readonly retentionDays: number
  readonly deletionDays: number
}

/** Starts what this process does by itself: deadlines, the projection, the sign that it lives, and its part among other nodes. */
export function startJobs(deps: ServiceDeps, options: JobOptions, door: Pick<AttachedSockets, 'closeExpired'>): Loop {
  const { projectEveryMs, reconcileMs } = options
  const { hot, durable, log } = deps
  const untilDeadline = async () => {
    const next = await hot.nextDeadline()
    return next === null ? MAX_SLEEP_MS : Math.min(MAX_SLEEP_MS, Math.max(0, next - hot.now()))
  }
  const loops = [
    startLoop('settle', () => settleDue(deps), untilDeadline, log),
    startLoop(
      'project',
      () => project(deps),
      () => projectEveryMs,
      log,
    ),
    startLoop(
      'alive',
      () => durable.recordAlive(hot.now()),
      () => ALIVE_EVERY_MS,
      log,
    ),
    startRetentionJob(deps, options),
    startLoop(
      'sample',
      () => noteSample(deps),
      () => SAMPLE_EVERY_MS,
      log,
    ),
    startLoop(
      'expiry',
      async () => door.closeExpired(),
      () => MAX_SLEEP_MS,
      log,
    ),
    startLoop(
      'deleted',
      () => endDeleted(deps),
      () => reconcileMs,
      log,
    ),
    ...(deps.hasDirectory ? [startListingJob(deps)] : []),
    ...(deps.shared ? startFleetJobs(deps, deps.shared, options) : []),
  ]
  return { stop: async () => void (await Promise.all(loops.map((loop) => loop.stop()))) }
}

/** What nodes that share a store do for each other (R5, R23, R46). */
function startFleetJobs(
  deps: ServiceDeps,
  shared: NonNullable<ServiceDeps['shared']>,
  { nodeLeaseMs, reconcileMs }: JobOptions,
): Loop[] {
  const { log } = deps
  let failing = false
  const renew = async (): Promise<void> => {
    failing = true
    await keepLease(deps)
    failing = false
  }
  let behind = false
  const catchUp = async (): Promise<void> => {
    behind = true
    await recover(deps, nodeLeaseMs)
    await settleDoubts(deps)
    behind = false
  }
  const compareAll = async (): Promise<void> => {
    await shared.checkLog()
    await reconcileAll(deps)
  }
  return [
    startLoop('lease', renew, () => (failing ? SOON_MS : nodeLeaseMs / 3), log),
    startLoop(
      'take-over',
      () => takeOver(deps),
      () => SURVEY_EVERY_MS,
      log,
    ),
    startLoop('access', createAccessFollower(deps), () => ACCESS_EVERY_MS, log),
    startLoop('catch-up', catchUp, () => (behind ? SURVEY_EVERY_MS : SOON_MS), log),
    startLoop('reconcile', compareAll, () => reconcileMs, log),
  ]
}
