import { PresenceError } from '../../domain/errors.ts'
import type { ServiceDeps } from '../../service/deps.ts'
import { endLocalSessions, leaveLocalSessions } from '../../service/end-local-sessions.ts'
import { project } from '../../service/project.ts'
import { takeUp } from '../../service/take-up.ts'
import type { AttachedSockets } from '../socket/attach-sockets.ts'
import type { Loop } from './loop.ts'
import { stepsWithin } from './stopping.ts'

/** A system that can be started once, and stopped. */
export interface Lifecycle {
  /** @throws {PresenceError} ALREADY_RUNNING, SCHEMA_CONFLICT */
  start(): Promise<void>
  /** Moves connections to other nodes. @param withinMs how long it may take */
  drain(withinMs?: number): Promise<void>
  stop(withinMs?: number): Promise<void>
}

export interface LifecycleParts<Options extends { readonly drainMs: number }> {
  readonly options: Options
  /** Keeps other processes away from the same data. @param onLost it did not, and two are running now */
  claim(onLost: (error: PresenceError) => void): Promise<{ release(): Promise<void> }>
  startJobs(deps: ServiceDeps, options: Options, door: AttachedSockets): Loop
}

export interface LifecycleSteps {
  attach(): AttachedSockets
  /** @returns stops following */
  follow(): () => void
  drain(withinMs: number): Promise<void>
}

/** Starting and stopping, in the one order that loses nothing. */
export function createLifecycle<Options extends { readonly drainMs: number }>(
  deps: ServiceDeps,
  { options, claim, startJobs }: LifecycleParts<Options>,
  { attach, follow, drain }: LifecycleSteps,
): Lifecycle {
  let stopAll: ((withinMs: number) => Promise<void>) | null = null

  async function start(): Promise<void> {
    if (stopAll) throw new PresenceError('ALREADY_RUNNING', 'This presence system was started already.')
    // First of all: flags that cannot be used are refused before anything is done (R73).
    await deps.rollout?.flags.open()
    const lock = await claim((error) => {
      deps.log.error({ err: error }, 'another process serves the same database from memory')
    }).catch(async (error: unknown) => {
      await deps.rollout?.flags.close()
      throw error
    })
    const unfollow = follow()
    try {
      await takeUp(deps)
    } catch (error) {
      unfollow()
      await deps.rollout?.flags.close()
      await deps.hot.close()
      await lock.release()
      throw error
    }
    const door = attach()
    const jobs = startJobs(deps, options, door)
    stopAll = async (withinMs) => {
      const step = stepsWithin(withinMs, deps.log)
      await step('connections', drain)
      door.detach()
      await step('sessions', () => (deps.shared ? leaveLocalSessions(deps) : endLocalSessions(deps)))
      await step('jobs', () => jobs.stop())
      await step('what was observed last', () => project(deps))
      unfollow()
      await step('the flags', async () => deps.rollout?.flags.close())
      await step('the lease', async () => deps.shared?.leave())
      await step('the store', () => deps.hot.close())
      await step('the lock', () => lock.release())
    }
  }

  return {
    start,
    drain: async (withinMs = options.drainMs) => {
      if (stopAll) await drain(withinMs)
    },
    stop: async (withinMs = options.drainMs) => {
      const stopping = stopAll
      stopAll = null
      await stopping?.(withinMs)
    },
  }
}
