import type { RequestHandler, Router } from 'express'
import type { Server } from 'socket.io'
import { createSocketIoBroadcaster } from './broadcast/socket-io-broadcaster.ts'
import { PresenceError } from './domain/errors.ts'
import type { UserIdCodec } from './domain/user-id.ts'
import { createHostInput } from './gateway/host-input.ts'
import type { HttpDoor } from './gateway/http/door.ts'
import { type ConditionOf, presenceFilter } from './gateway/http/presence-filter.ts'
import { createRouter } from './gateway/http/router.ts'
import { trackActivity } from './gateway/http/track-activity.ts'
import { withPresence } from './gateway/http/with-presence.ts'
import type { Loop } from './gateway/jobs/loop.ts'
import { createLifecycle } from './gateway/jobs/lifecycle.ts'
import { defaultIdentifyRequest, defaultIdentifySocket } from './gateway/identify.ts'
import { countDoors } from './gateway/log.ts'
import { createRateLimiter, noLimit } from './gateway/rate-limit.ts'
import { attachSockets, type AttachedSockets } from './gateway/socket/attach-sockets.ts'
import { drainSockets } from './gateway/socket/drain.ts'
import { wordDiff } from './gateway/socket/search-words.ts'
import type { HostApp } from './host-app.ts'
import type { PresenceOptions } from './options.ts'
import type { ProviderList, ProviderPresence, UserDataExport } from './protocol/http.ts'
import { createAdmissions } from './service/admissions.ts'
import { createVerbs } from './service/create-verbs.ts'
import type { ServiceDeps } from './service/deps.ts'
import { createLiveSearches } from './service/live-search/live-searches.ts'
import { type Pace, paceOf } from './service/live-search/pace.ts'
import { createSearch } from './service/last-results/search-or-last.ts'
import { createLastPages } from './service/last-results/last-pages.ts'
import { createLocalSessions } from './service/local-sessions.ts'
import { createPendingDecisions } from './service/pending-decisions.ts'
import { createPresenceService, type PresenceService } from './service/presence-service.ts'
import { createPurge } from './service/purge.ts'
import { createRecordLoader } from './service/record-loader.ts'
import { relationChanged } from './service/relation-changed.ts'
import { createRelations } from './service/relations.ts'
import { createRelistings } from './service/relistings.ts'
import { createSessionLog } from './service/session-log.ts'
import { followAll } from './service/take-up.ts'
import type { PresenceVerbs } from './service/verbs.ts'
import type { DurableStore, HotStore, SharedHotStore } from './store/contract.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'

/** A running presence system. */
export interface PresenceSystem {
  service: PresenceService<ProviderList, UserDataExport>
  /** The routes of 4.3 with their full paths, for `app.use(presence.router())`. */
  router(): Router
  /** Notes requests that are a sign of use; mount it after authentication. */
  trackActivity(): RequestHandler
  /**
   * Say so when providers were added, changed or removed in your directory: searches find them as they are from then on. Without a word
   * that takes a minute or, with very many providers, half an hour.
   *
   * @returns whom it changed
   */
  directoryChanged(userIds: readonly string[]): Promise<string[]>
  /** Say so when `relation` answers something else for these two from now on: the viewer is told at once, on every node. */
  relationChanged(viewerId: string, targetId: string): Promise<void>
  /** Tells watchers once more what is true; it cannot change it, so `status` is only a name for readers. */
  broadcastPresence(userId: string, status?: string): Promise<void>
  /** Reads the presence filters of the host's own provider list into `req.presenceFilter`. */
  presenceFilter(): RequestHandler
  /** Adds presence fields to the host's own rows, as this viewer may see them. */
  withPresence(
    rows: readonly object[],
    viewerId: string | null,
    userIdOf?: (row: Record<string, unknown>) => unknown,
  ): Promise<(Record<string, unknown> & ProviderPresence)[]>
  /** @throws {PresenceError} ALREADY_RUNNING when another process serves this database from memory */
  start(): Promise<void>
  /**
   * Asks clients to move, and closes their connections one after the other, in such a way that they come back by themselves. Stop
   * listening before, or they come back to this node (R54).
   *
   * @param withinMs how long that may take, whatever hangs. @default drainMs
   */
  drain(withinMs?: number): Promise<void>
  /**
   * Drains what is left, leaves sessions to the other nodes or ends them, writes what is unwritten, and lets go of everything.
   *
   * @param withinMs how long that may take, whatever hangs. @default drainMs
   */
  stop(withinMs?: number): Promise<void>
  /** For the standalone server: health and metrics. */
  readonly verbs: PresenceVerbs
  readonly metrics: Metrics
}

/** What a system is made of beside the host's application: everything chosen and checked. */
export interface PresenceParts {
  readonly options: PresenceOptions
  readonly codec: UserIdCodec
  readonly log: Logger
  readonly hot: HotStore
  /** The hot store again when other nodes share it; null in memory mode. */
  readonly shared: SharedHotStore | null
  readonly durable: DurableStore
  /** What ids of the directory look like, or null: nobody can search. */
  readonly directoryIds: NonNullable<HttpDoor['directoryIds']> | null
  /** Words a filter for the host's own query. @param hidden users whose hiding is not stored yet */
  condition(filter: Parameters<ConditionOf>[0], column: string, hidden: readonly string[]): object
  /** Keeps other processes away from the same data. @param onLost it did not, and two are running now */
  claim(onLost: (error: PresenceError) => void): Promise<{ release(): Promise<void> }>
  /** How often watched searches are computed; by the options unless told. */
  readonly searchPace?: Pace
  /** What the system does by itself: deadlines, and writing behind. */
  startJobs(
    deps: ServiceDeps,
    options: PresenceOptions,
    door: Pick<AttachedSockets, 'closeExpired' | 'nextExpiry'>,
  ): Loop
}

/** Wires the parts of a presence system to each other and to the host's application. */
export function composePresence(host: HostApp, parts: PresenceParts): PresenceSystem {
  const { io, app } = host
  const { options, codec, log, directoryIds } = parts
  const deps = wire(host, parts)
  const findProviders = createSearch(deps)
  const searches = createLiveSearches(deps, {
    ...options,
    findLast: findProviders,
    pace: parts.searchPace ?? paceOf(options),
    word: (watchId, seq, diff, sort) => wordDiff(watchId, seq, diff, sort, deps.hot.now()),
  })
  const verbs = createVerbs(deps, findProviders, searches)
  const searchable = directoryIds === null ? {} : { directoryIds }
  const input = createHostInput({ verbs, codec, clock: deps.hot.now, ...searchable })
  const service = createPresenceService(verbs, deps.local, codec, input)
  const limiter = host.rateLimit === false ? noLimit : createRateLimiter(options)
  const doors = { verbs, options, codec, limiter, log, clock: deps.hot.now, metrics: countDoors(deps.metrics) }
  const identifyRequest = host.identify ?? defaultIdentifyRequest
  const activity = {
    verbs,
    codec,
    identify: identifyRequest,
    log,
    ...(host.isActivity && { isActivity: host.isActivity }),
  }
  const router = (): Router =>
    createRouter({ ...doors, identify: identifyRequest, ...searchable, ...(host.paths && { paths: host.paths }) })
  const idOf = (text: string): string => {
    const id = codec.parse(text)
    if (id === null) throw new PresenceError('INVALID_ID', 'This is not the id of a user.')
    return id
  }
  if (app) app.use(trackActivity(activity), router())

  const identify = host.identify ?? defaultIdentifySocket
  const checks = { identify, ...(host.verifyToken && { verifyToken: host.verifyToken }) }
  const attach = () => attachSockets({ ...doors, ...searchable, ...checks, io })
  const follow = () => followAll(deps, searches)
  const running = createLifecycle(deps, parts, { attach, follow, drain: (withinMs) => drain(deps, io, withinMs) })
  return {
    service,
    verbs,
    metrics: deps.metrics,
    router,
    trackActivity: () => trackActivity(activity),
    directoryChanged: async (userIds) => verbs.refreshDirectory(userIds.map(idOf)),
    relationChanged: async (viewerId, targetId) => verbs.relationChanged(idOf(viewerId), idOf(targetId)),
    broadcastPresence: (userId) => verbs.repeatPresence(userId),
    presenceFilter: () =>
      presenceFilter(log, (filter, column) => parts.condition(filter, column, deps.pendingDecisions.hidden())),
    withPresence: (rows, viewerId, userIdOf) =>
      withPresence({ verbs, codec, clock: deps.hot.now }, rows, viewerId, userIdOf),
    ...running,
  }
}

function wire(host: HostApp, { options, log, hot, shared, durable, directoryIds }: PresenceParts): ServiceDeps {
  const { audience = 'watchers' } = host
  const metrics = host.metrics ?? createMetrics()
  const relistings = createRelistings(shared)
  const onDelivered = (count: number) => metrics.deliveries.inc(count)
  const deps: ServiceDeps = {
    hot,
    shared,
    durable,
    cold: createRecordLoader({ durable, hot, presumeMs: shared && options.nodeLeaseMs }),
    backlog: { unstated: new Set(), doubts: new Set(), recovery: null },
    broadcast: createSocketIoBroadcaster({ ...options, io: host.io, audience, onDelivered }),
    rules: options,
    local: createLocalSessions((count) => metrics.localSessions.set(count)),
    sessionLog: createSessionLog(durable, log),
    pendingDecisions: createPendingDecisions(durable),
    relations: createRelations({
      hook: host.relation,
      cacheMs: options.relationCacheMs,
      clock: () => performance.now(),
      log,
      onChange: (viewerId, userId) => {
        relationChanged(deps, viewerId, userId).catch((error: unknown) =>
          log.warn({ err: error }, 'a viewer could not be told that who they are changed'),
        )
      },
    }),
    maxBlocks: options.maxBlocks,
    relistings,
    lastPages: createLastPages({ hot, shared, relistings }),
    admissions: createAdmissions(),
    purge: createPurge({
      hook: host.onPurge,
      durable,
      log,
      onCall: (worked) => metrics.purges.inc({ outcome: worked ? 'ok' : 'failed' }),
    }),
    log,
    metrics,
    hasDirectory: directoryIds !== null,
    staleAfterMs: options.staleAfterMs,
    lastResultsMs: options.lastResultsMs,
    moderateMessage: host.moderateMessage,
  }
  return deps
}

/** Longest time over which connections are closed one after the other, in milliseconds. */
const MAX_SPREAD_MS = 2_000

/** Connections of ours leave; those of the host's that carry no session are left alone. */
async function drain({ local }: ServiceDeps, io: Server, withinMs: number): Promise<void> {
  const { sockets } = io.of('/')
  const ours = new Set(local.all().flatMap(({ socketId }) => sockets.get(socketId) ?? []))
  const spreadMs = Math.min(MAX_SPREAD_MS, withinMs / 2)
  await drainSockets(ours, { spreadMs, withinMs: 1.5 * spreadMs })
}
