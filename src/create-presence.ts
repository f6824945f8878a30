import { randomUUID } from 'node:crypto'
import type { Express, Request, RequestHandler, Router } from 'express'
import type { Model, ModelStatic, Sequelize } from 'sequelize'
import type { Server } from 'socket.io'
import { createSocketIoBroadcaster } from './broadcast/socket-io-broadcaster.ts'
import { PresenceError } from './domain/errors.ts'
import { type UserIdCodec, uuidIds } from './domain/user-id.ts'
import { createHostInput } from './gateway/host-input.ts'
import { presenceFilter } from './gateway/http/presence-filter.ts'
import { createRouter } from './gateway/http/router.ts'
import { trackActivity } from './gateway/http/track-activity.ts'
import { withPresence } from './gateway/http/with-presence.ts'
import { startJobs } from './gateway/jobs/start-jobs.ts'
import {
  defaultIdentifyRequest,
  defaultIdentifySocket,
  type IdentifyRequest,
  type IdentifySocket,
} from './gateway/identify.ts'
import { countDoors } from './gateway/log.ts'
import { createRateLimiter, noLimit } from './gateway/rate-limit.ts'
import { attachSockets } from './gateway/socket/attach-sockets.ts'
import { OPTION_NAMES, type PresenceOptions, resolveOptions } from './options.ts'
import type { ProviderList, ProviderPresence } from './protocol/http.ts'
import { createVerbs } from './service/create-verbs.ts'
import type { ServiceDeps } from './service/deps.ts'
import { endLocalSessions } from './service/end-local-sessions.ts'
import { followChanges } from './service/follow-changes.ts'
import { createLocalSessions } from './service/local-sessions.ts'
import { createPendingDecisions } from './service/pending-decisions.ts'
import { createPresenceService, type PresenceService } from './service/presence-service.ts'
import { project } from './service/project.ts'
import { createSessionLog } from './service/session-log.ts'
import type { PresenceVerbs } from './service/verbs.ts'
import { createMemoryHotStore } from './store/memory/memory-hot-store.ts'
import { isDirectoryId, type ProviderDirectory } from './store/postgres/directory.ts'
import { createDurableStore } from './store/postgres/durable-store.ts'
import { extendUserModel } from './store/postgres/extend-user-model.ts'
import { presenceCondition } from './store/postgres/presence-condition.ts'
import { migratePresence } from './store/postgres/migrate.ts'
import { type ProcessLock, takeProcessLock } from './store/postgres/process-lock.ts'
import { defineUserSession, type UserSessionModel } from './store/postgres/user-session-model.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'

/** What a host hands over, and every option of {@link PresenceOptions}. */
export interface PresenceHost extends Partial<PresenceOptions> {
  /** The host's Socket.IO server. Its own events and namespaces stay as they are. */
  io: Server
  /** When given, activity tracking and the routes are mounted on it at once: pass it after its authentication. */
  app?: Express
  sequelize: Sequelize
  /** The host's own model of users; it gains four attributes and four methods. */
  User: ModelStatic<Model>
  /** Who a connection or a request belongs to. @default `socket.user.id`, `req.user.id` */
  identify?: IdentifySocket & IdentifyRequest
  /** Where the host keeps its providers; without it there is no `GET /api/providers` of ours. */
  directory?: ProviderDirectory
  /** How user ids look. @default uuidIds */
  userId?: UserIdCodec
  /** @default 'watchers' */
  audience?: 'watchers' | 'everyone'
  /** Whether a request is a sign of use. @default everything but GET, HEAD and OPTIONS */
  isActivity?: (req: Request) => boolean
  /** The host's say on a message: the one to store, or null to clear it. */
  moderateMessage?: (message: string, userId: string) => string | null | Promise<string | null>
  /** False lifts the limits on events and decisions, for load tests. @default true */
  rateLimit?: boolean
  /** @default a pino logger at `info` */
  logger?: Logger
  metrics?: Metrics
  /** Epoch milliseconds: the store's one clock. @default Date.now */
  clock?: () => number
}

/** A running presence system. */
export interface Presence {
  service: PresenceService<ProviderList>
  /** The routes of 4.3 with their full paths, for `app.use(presence.router())`. */
  router(): Router
  /** Notes requests that are a sign of use; mount it after authentication. */
  trackActivity(): RequestHandler
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
  UserSession: UserSessionModel
  /** Applies our migrations. @returns the names of those that were applied */
  migrate(): Promise<string[]>
  /** @throws {PresenceError} ALREADY_RUNNING when another process serves this database from memory */
  start(): Promise<void>
  /** Ends sessions, writes what is unwritten, and lets go of everything. Connections are the host's to close first. */
  stop(): Promise<void>
  /** For the standalone server: health and metrics. */
  readonly verbs: PresenceVerbs
  readonly metrics: Metrics
}

/**
 * Adds presence to an Express, Socket.IO and Sequelize application.
 *
 * @throws {PresenceError} INVALID_OPTION, SCHEMA_CONFLICT
 */
export function createPresence(host: PresenceHost): Presence {
  const { io, sequelize, User, app, directory } = host
  const options = resolveOptions(pickOptions(host))
  const codec = host.userId ?? uuidIds
  const log = host.logger ?? createLogger()
  extendUserModel(User)
  const UserSession = defineUserSession(sequelize, User)
  const deps = wire(host, options, codec, log)
  const verbs = createVerbs(deps)
  const input = createHostInput({ verbs, codec, clock: deps.hot.now, ...directoryIds(directory) })
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
  const router = (): Router => createRouter({ ...doors, identify: identifyRequest, ...directoryIds(directory) })
  if (app) app.use(trackActivity(activity), router())

  const running = createLifecycle(host, deps, options, () =>
    attachSockets({ ...doors, io, identify: host.identify ?? defaultIdentifySocket }),
  )
  return {
    service,
    verbs,
    metrics: deps.metrics,
    UserSession,
    router,
    trackActivity: () => trackActivity(activity),
    broadcastPresence: (userId) => verbs.repeatPresence(userId),
    presenceFilter: () =>
      presenceFilter(log, (filter, column) =>
        presenceCondition(filter, column, deps.hot.now(), deps.pendingDecisions.users()),
      ),
    withPresence: (rows, viewerId, userIdOf) =>
      withPresence({ verbs, codec, clock: deps.hot.now }, rows, viewerId, userIdOf),
    migrate: () => migratePresence({ sequelize, ...usersOf(User), userId: codec, log: (line) => log.info({}, line) }),
    ...running,
  }
}

function wire(host: PresenceHost, options: PresenceOptions, codec: UserIdCodec, log: Logger): ServiceDeps {
  const { sequelize, User, directory = null, audience = 'watchers', clock = Date.now } = host
  const nodeId = randomUUID()
  const metrics = host.metrics ?? createMetrics()
  const durable = createDurableStore({ sequelize, ...usersOf(User), userId: codec, nodeId, directory })
  const onDelivered = (count: number) => metrics.deliveries.inc(count)
  return {
    hot: createMemoryHotStore({ clock }),
    durable,
    broadcast: createSocketIoBroadcaster({ ...options, io: host.io, audience, onDelivered }),
    rules: options,
    local: createLocalSessions(),
    sessionLog: createSessionLog(durable, log),
    pendingDecisions: createPendingDecisions(durable),
    log,
    metrics,
    nodeId,
    hasDirectory: directory !== null,
    versionFloor: Math.floor(clock() * 1000),
    moderateMessage: host.moderateMessage,
  }
}

/** Starting and stopping, in the one order that loses nothing. */
function createLifecycle(
  host: PresenceHost,
  deps: ServiceDeps,
  options: PresenceOptions,
  attach: () => () => void,
): Pick<Presence, 'start' | 'stop'> {
  let stopAll: (() => Promise<void>) | null = null

  async function start(): Promise<void> {
    if (stopAll) throw new PresenceError('ALREADY_RUNNING', 'This presence system was started already.')
    const lock: ProcessLock = await takeProcessLock(host.sequelize, {
      onLost: (error) => deps.log.error({ err: error }, 'another process serves the same database from memory'),
    })
    try {
      const ended = await deps.durable.endLeftovers(deps.hot.now())
      if (ended > 0) deps.log.info({ sessions: ended }, 'ended sessions that an earlier run left behind')
    } catch (error) {
      await lock.release()
      throw error
    }
    const unfollow = followChanges(deps)
    const detach = attach()
    const jobs = startJobs(deps, options)
    stopAll = async () => {
      detach()
      await endLocalSessions(deps)
      await jobs.stop()
      await project(deps).catch((error: unknown) => {
        deps.log.error({ err: error }, 'what was observed last could not be written; the next start makes up for it')
      })
      unfollow()
      await deps.hot.close()
      await lock.release()
    }
  }

  return {
    start,
    stop: async () => {
      const stopping = stopAll
      stopAll = null
      await stopping?.()
    },
  }
}

const usersOf = (User: PresenceHost['User']) => {
  const table = User.getTableName()
  const usersTable = typeof table === 'string' ? table : [table.schema, table.tableName].filter(Boolean).join('.')
  return { usersTable, idColumn: User.rawAttributes[User.primaryKeyAttribute]?.field ?? 'id' }
}

const directoryIds = (directory: ProviderDirectory | undefined) =>
  directory
    ? {
        directoryIds: {
          city: (text: string) => isDirectoryId(directory.cityType ?? 'integer', text),
          service: (text: string) => isDirectoryId(directory.serviceType ?? 'integer', text),
        },
      }
    : {}

const pickOptions = (host: PresenceHost): Partial<PresenceOptions> =>
  Object.fromEntries(OPTION_NAMES.flatMap((name) => (host[name] === undefined ? [] : [[name, host[name]]])))
