import type { ServiceDeps } from '../../service/deps.ts'
import { project } from '../../service/project.ts'
import { settleDue } from '../../service/settle-due.ts'
import { type Loop, startLoop } from './loop.ts'

/**
 * Longest sleep of the loop that handles deadlines: how late one may be that was set while it slept. Waking up costs an idle
 * process more than anything else it does.
 */
const MAX_SLEEP_MS = 200
const ALIVE_EVERY_MS = 5_000

/** Starts what this process does by itself: deadlines, the projection, and the sign that it lives. */
export function startJobs(deps: ServiceDeps, { projectEveryMs }: { projectEveryMs: number }): Loop {
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
  ]
  return { stop: async () => void (await Promise.all(loops.map((loop) => loop.stop()))) }
}
