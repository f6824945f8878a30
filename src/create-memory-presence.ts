import { randomUUID } from 'node:crypto'
import { composePresence, type PresenceParts, type PresenceSystem } from './compose-presence.ts'
import type { HostApp } from './host-app.ts'
import { uuidIds } from './domain/user-id.ts'
import { type PresenceOptions, resolveOptions } from './options.ts'
import type { ServiceDeps } from './service/deps.ts'
import { project } from './service/project.ts'
import { settleDue } from './service/settle-due.ts'
import { AT_ONCE } from './service/live-search/pace.ts'
import type { RecordChange } from './store/contract.ts'
import { createMemoryCounters } from './store/memory/memory-counters.ts'
import { createMemoryDurableStore } from './store/memory/memory-durable-store.ts'
import { createMemoryHotStore } from './store/memory/memory-hot-store.ts'
import { createMemoryReports } from './store/memory/memory-reports.ts'
import type { MemoryProvider } from './store/memory/search-providers.ts'
import { discreetLogger } from './telemetry/discreet.ts'
import { createLogger } from './telemetry/logger.ts'
import { createTraces } from './telemetry/traces.ts'

export type { PresenceSystem } from './compose-presence.ts'
export type { HostApp } from './host-app.ts'
export { callerIn, defaultIdentifyRequest, defaultIdentifySocket } from './gateway/identify.ts'
export type { PresenceOptions } from './options.ts'
export type { RecordChange } from './store/contract.ts'
export type { MemoryProvider } from './store/memory/search-providers.ts'

export interface MemoryPresenceHost extends HostApp {
  /** Epoch milliseconds. It moves only when whoever owns it says so: nothing here looks at another one. */
  clock: () => number
  options?: Partial<PresenceOptions>
  /** Whom `GET /api/providers` finds; without it there is no such route. */
  providers?: readonly MemoryProvider[]
}

/** A presence system whose data is all in this process, and which does nothing by itself. */
export interface MemoryPresence extends PresenceSystem {
  /** Adds a user to those the host has; harmless when they are there. @param userId canonical, as the codec words it */
  addUser(userId: string): void
  hasUser(userId: string): boolean
  /** Epoch milliseconds at which something falls due next, or null. */
  nextDeadline(): Promise<number | null>
  /** Does what has fallen due, and writes what waits to be written. */
  settle(): Promise<void>
  /** Hears of every change of a record, after all that follows from it. @returns stops hearing */
  onChange(listener: (change: RecordChange) => void): () => void
}

/**
 * Makes a presence system without PostgreSQL, for tests: the real one, on the memory twins of its stores. Deadlines and writing
 * behind, which otherwise run by themselves, wait for `settle`; what was observed is written as soon as it was.
 *
 * @throws {PresenceError} INVALID_OPTION
 */
export function createMemoryPresence(host: MemoryPresenceHost): MemoryPresence {
  const { clock, providers } = host
  const codec = host.userId ?? uuidIds
  const nodeId = randomUUID()
  const hot = createMemoryHotStore({ clock, nodeId })
  const durable = createMemoryDurableStore({ userId: codec, nodeId, providers: providers ?? null })
  for (const provider of providers ?? []) durable.addUser(provider.id)
  const isId = (text: string): boolean => text !== ''
  let running: { deps: ServiceDeps; door: JobDoor } | null = null
  const system = composePresence(host, {
    options: resolveOptions(host.options),
    codec,
    log: host.logger ? discreetLogger(host.logger) : createLogger('error'),
    traces: createTraces(),
    hot,
    shared: null,
    counters: createMemoryCounters(),
    durable,
    reports: createMemoryReports(),
    directoryIds: providers === undefined ? null : { city: isId, service: isId },
    condition({ statuses, lastSeenWithinMs, activeWithinMs }, column, hidden) {
      const since = (ms: number | null) => (ms === null ? null : clock() - ms)
      const filter = { statuses, seenSince: since(lastSeenWithinMs), activeSince: since(activeWithinMs) }
      // A list of values is a condition, too, in the words of Sequelize.
      return { [column]: durable.usersWho(filter, hidden) }
    },
    searchPace: AT_ONCE,
    // Nobody else can reach the memory of this process.
    claim: async () => ({ release: async () => {} }),
    startJobs(deps, _options, door) {
      running = { deps, door }
      const stop = hot.onChange(() => void project(deps))
      return {
        stop: async () => {
          stop()
          running = null
        },
      }
    },
  })
  return {
    ...system,
    addUser: durable.addUser,
    hasUser: (userId) => durable.hostColumns(userId) !== null,
    nextDeadline: async () => earlier(await hot.nextDeadline(), running?.door.nextExpiry() ?? null),
    async settle() {
      if (running === null) return
      running.door.closeExpired()
      await settleDue(running.deps)
      await project(running.deps)
    },
    onChange: (listener) => hot.onChange(listener),
  }
}

/** What falls due at the door: tokens that expire. */
type JobDoor = Parameters<PresenceParts['startJobs']>[2]

const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b)
