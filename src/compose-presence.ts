import type { Router } from 'express'
import type { Server } from 'socket.io'
import { createSocketIoBroadcaster } from './broadcast/socket-io-broadcaster.ts'
import type { PresenceError } from './domain/errors.ts'
import type { Counters } from './domain/quota.ts'
import { requireId, type UserIdCodec } from './domain/user-id.ts'
import { createOpenFeatureFlags } from './flags/openfeature-flags.ts'
import { createHostInput } from './gateway/host-input.ts'
import type { HttpDoor } from './gateway/http/door.ts'
import { isOnFor } from './gateway/http/pass-on.ts'
import { type ConditionOf, presenceFilter } from './gateway/http/presence-filter.ts'
import { createOperatorRouter } from './gateway/http/operator-routes.ts'
import { builtPage } from './gateway/http/page-routes.ts'
import { createRouter } from './gateway/http/router.ts'
import { trackActivity } from './gateway/http/track-activity.ts'
import { withPresence } from './gateway/http/with-presence.ts'
import type { Loop } from './gateway/jobs/loop.ts'
import { createLifecycle } from './gateway/jobs/lifecycle.ts'
import { defaultIdentifyRequest, defaultIdentifySocket } from './gateway/identify.ts'
import { countDoors } from './gateway/log.ts'
import { createLimits, noLimits } from './gateway/limits.ts'
import { attachSockets, type AttachedSockets } from './gateway/socket/attach-sockets.ts'
import { drainSockets } from './gateway/socket/drain.ts'
import { wordDiff } from './gateway/socket/search-words.ts'
import type { PresenceOptions } from './options.ts'
import { createAdmissions } from './service/admissions.ts'
import { createVerbs } from './service/create-verbs.ts'
import type { ServiceDeps } from './service/deps.ts'
import { createLiveSearches } from './service/live-search/live-searches.ts'
import { type Pace, paceOf } from './service/live-search/pace.ts'
import { createSearch } from './service/last-results/search-or-last.ts'
import { createLastPages } from './service/last-results/last-pages.ts'
import { createLocalSessions } from './service/local-sessions.ts'
import { createPendingDecisions } from './service/pending-decisions.ts'
import { SAMPLES_KEPT } from './service/operate/note-sample.ts'
import { createPresenceService } from './service/presence-service.ts'
import { createPurge } from './service/purge.ts'
import { createRecordLoader } from './service/record-loader.ts'
import { relationChanged } from './service/relation-changed.ts'
import { createRelations } from './service/relations.ts'
import { createRelistings } from './service/relistings.ts'
import { hidingBroadcaster } from './service/rollout/hiding-broadcaster.ts'
import { createRollout, type Rollout, type RolloutOptions } from './service/rollout/rollout.ts'
import { createSessionLog } from './service/session-log.ts'
import { followAll } from './service/take-up.ts'
import type { DurableStore, HotStore, SharedHotStore } from './store/contract.ts'
import type { ReportStore } from './store/report-contract.ts'
import { createHistory } from './telemetry/history.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { traced, type Traces } from './telemetry/traces.ts'
import type { HostApp, PresenceSystem } from './host-app.ts'

export type { HostApp, PresenceSystem } from './host-app.ts'

/** What a system is made of beside the host's application: everything chosen and checked. */
export interface PresenceParts {
  readonly options: PresenceOptions
  readonly codec: UserIdCodec
  readonly log: Logger
  readonly traces: Traces
  readonly hot: HotStore
  /** The hot store again when other nodes share it; null in memory mode. */
  readonly shared: SharedHotStore | null
  /** Counts for limits: of all nodes, or of this one. */
  readonly counters: Counters
  readonly durable: DurableStore
  readonly reports: ReportStore
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
  const plainVerbs = createVerbs(deps, findProviders, searches)
  // Whether presence is on is asked before everything: that is no step of its own.
  const verbs = { ...traced(deps.traces, 'porchlight', plainVerbs), isOn: plainVerbs.isOn }
  const searchable = directoryIds === null ? {} : { directoryIds }
  const input = createHostInput({ verbs, codec, clock: deps.hot.now, ...searchable })
  const { rollout } = deps
  const service = createPresenceService(verbs, { local: deps.local, dormant: rollout?.dormant }, codec, input)
  const limits = host.rateLimit === false ? noLimits : createLimits(options, parts.counters)
  const hasFlags = rollout !== null
  const doors = { verbs, options, codec, limits, log, hasFlags, clock: deps.hot.now, metrics: countDoors(deps.metrics) }
  const places = {
    ...(host.paths && { paths: host.paths }),
    ...(host.addressOf && { addressOf: host.addressOf }),
    ...(host.isStaff && { isStaff: host.isStaff }),
  }
  const identifyRequest = host.identify ?? defaultIdentifyRequest
  const activity = {
    verbs,
    codec,
    identify: identifyRequest,
    log,
    ...(host.isActivity && { isActivity: host.isActivity }),
  }
  const router = (): Router => createRouter({ ...doors, ...searchable, ...places, identify: identifyRequest })
  const idOf = (text: string): string => requireId(codec, text)
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
    limits,
    router,
    opsRouter: ({ isDraining } = {}) =>
      createOperatorRouter({
        ...doors,
        isOperator: host.isOperator ?? (() => false),
        page: builtPage('ops-page'),
        path: host.paths?.ops,
        ...(isDraining && { isDraining }),
      }),
    trackActivity: () => trackActivity(activity),
    directoryChanged: async (userIds) => verbs.refreshDirectory(userIds.map(idOf)),
    relationChanged: async (viewerId, targetId) => verbs.relationChanged(idOf(viewerId), idOf(targetId)),
    broadcastPresence: (userId) => verbs.repeatPresence(userId),
    presenceFilter: () =>
      presenceFilter(
        log,
        (filter, column) => parts.condition(filter, column, deps.pendingDecisions.hidden()),
        (request) => !hasFlags || isOnFor({ verbs, codec, identify: identifyRequest }, request),
      ),
    withPresence: (rows, viewerId, userIdOf) =>
      withPresence({ verbs, codec, clock: deps.hot.now }, rows, viewerId, userIdOf),
    ...running,
  }
}

function wire(
  host: HostApp,
  { options, log, traces, hot, shared, durable, reports, directoryIds }: PresenceParts,
): ServiceDeps {
  const { audience = 'watchers' } = host
  const metrics = host.metrics ?? createMetrics()
  const relistings = createRelistings(shared)
  const local = createLocalSessions((count) => metrics.localSessions.set(count))
  const onDelivered = (updates: number, frames: number): void => {
    metrics.deliveries.inc(updates)
    metrics.frames.inc(frames)
  }
  const onWatched = (users: number) => metrics.watchedUsers.set(users)
  const rollout = rolloutOf(host, { local, log, onDormant: (count) => metrics.switchedOffConnections.set(count) })
  const broadcaster = createSocketIoBroadcaster({ ...options, io: host.io, audience, onDelivered, onWatched })
  const deps: ServiceDeps = {
    hot,
    shared,
    durable,
    reports,
    cold: createRecordLoader({ durable, hot, presumeMs: shared && options.nodeLeaseMs }),
    backlog: { unstated: new Set(), doubts: new Set(), recovery: null },
    broadcast: rollout ? hidingBroadcaster(broadcaster, rollout) : broadcaster,
    rules: options,
    local,
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
    rollout,
    purge: createPurge({
      hook: host.onPurge,
      durable,
      log,
      onCall: (worked) => metrics.purges.inc({ outcome: worked ? 'ok' : 'failed' }),
    }),
    log,
    metrics,
    traces,
    history: createHistory({ metrics, users: () => local.userCount, now: hot.now, kept: SAMPLES_KEPT }),
    hasDirectory: directoryIds !== null,
    staleAfterMs: options.staleAfterMs,
    lastResultsMs: options.lastResultsMs,
    moderateMessage: host.moderateMessage,
    moderationTimeoutMs: options.moderationTimeoutMs,
    onReport: host.onReport,
  }
  return deps
}

function rolloutOf({ flags: source }: HostApp, parts: Omit<RolloutOptions, 'flags'>): Rollout | null {
  if (source === undefined) return null
  const onRefused = (error: PresenceError): void =>
    parts.log.error({ err: error }, 'what was in the flag file holds on')
  return createRollout({ flags: createOpenFeatureFlags(source, { onRefused }), ...parts })
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
