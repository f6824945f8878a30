import type { Express, Request, RequestHandler, Router } from 'express'
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
import {
  defaultIdentifyRequest,
  defaultIdentifySocket,
  type IdentifyRequest,
  type IdentifySocket,
  type VerifyToken,
} from './gateway/identify.ts'
import { countDoors } from './gateway/log.ts'
import { createRateLimiter, noLimit } from './gateway/rate-limit.ts'
import { attachSockets, type AttachedSockets } from './gateway/socket/attach-sockets.ts'
import { drainSockets } from './gateway/socket/drain.ts'
import { wordDiff } from './gateway/socket/search-words.ts'
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
import { createRelistings } from './service/relistings.ts'
import { createSessionLog } from './service/session-log.ts'
import { followAll } from './service/take-up.ts'
import type { PresenceVerbs } from './service/verbs.ts'
import type { DurableStore, HotStore, SharedHotStore } from './store/contract.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'

/** The host's application around a presence system, wherever that keeps its data. */
export interface HostApp {
  /** The host's Socket.IO server. Its own events and namespaces stay as they are. */
  io: Server
  /** When given, activity tracking and the routes are mounted on it at once: pass it after its authentication. */
  app?: Express
  /** Who a connection or a request belongs to. @default `socket.user.id`, `req.user.id` */
  identify?: IdentifySocket & IdentifyRequest
  /**
   * Whose token this is, for connections that are renewed in place, and for those that Socket.IO recovered without asking who they are.
   * Without it a connection stands until its token ends, and its client comes back with the next one.
   */
  verifyToken?: VerifyToken
  /** How user ids look. @default uuidIds */
  userId?: UserIdCodec
  /** @default 'watchers' */
  audience?: 'watchers' | 'everyone'
  /** Whether a request is a sign of use. @default everything but GET, HEAD and OPTIONS */
  isActivity?: (req: Request) => boolean
  /** The host's say on a message: the one to store, or null to clear it. */
  moderateMessage?: (message: string, userId: string) => string | null | Promise<string | null>
  /**
   * Caches in front of you are to give out nothing any more that carries one of these keys (`Surrogate-Key`): somebody hid, or the
   * directory changed. Nobody waits for it; what it throws is logged and counted.
   */
  onPurge?: (keys: readonly string[]) => unknown
  /** Where our routes lie, should the host have its own there. @default { presence: '/api/users/presence', providers: '/api/providers' } */
  paths?: { readonly presence?: string; readonly providers?: string }
  /** False lifts the limits on events and decisions, for load tests. @default true */
  rateLimit?: boolean
  /** @default a pino logger at `info` */
  logger?: Logger
  metrics?: Metrics
  /** Epoch milliseconds: the store's one clock. @default Date.now */
  clock?: () => number
}

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
    directoryChanged: async (userIds) =>
      verbs.refreshDirectory(
        userIds.map((text) => {
          const id = codec.parse(text)
          if (id === null) throw new PresenceError('INVALID_ID', 'This is not the id of a user.')
          return id
        }),
      ),
    broadcastPresence: (userId) => verbs.repeatPresence(userId),
    presenceFilter: () =>
      presenceFilter(log, (filter, column) => parts.condition(filter, column, deps.pendingDecisions.users())),
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
  return {
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
