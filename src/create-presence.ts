import { randomUUID } from 'node:crypto'
import type { Model, ModelStatic, Sequelize } from 'sequelize'
import { composePresence, type PresenceSystem } from './compose-presence.ts'
import type { HostApp } from './host-app.ts'
import { uuidIds } from './domain/user-id.ts'
import { startJobs } from './gateway/jobs/start-jobs.ts'
import { OPTION_NAMES, type PresenceOptions, resolveOptions } from './options.ts'
import { createMemoryCounters } from './store/memory/memory-counters.ts'
import { createMemoryHotStore } from './store/memory/memory-hot-store.ts'
import type { SharedHotStore } from './store/contract.ts'
import type { RedisSource } from './store/redis/link.ts'
import { createRedisHotStore } from './store/redis/redis-hot-store.ts'
import { isDirectoryId, type ProviderDirectory } from './store/postgres/directory.ts'
import { createReportStore } from './store/postgres/reports.ts'
import { describeUsers } from './store/postgres/host-users.ts'
import { guardDatabase, openDatabase } from './store/postgres/database.ts'
import { createDurableStore } from './store/postgres/durable-store.ts'
import { extendUserModel } from './store/postgres/extend-user-model.ts'
import { checkMigrated, migratePresence } from './store/postgres/migrate.ts'
import { presenceCondition } from './store/postgres/presence-condition.ts'
import { type ProcessLock, type ProcessLockOptions, takeProcessLock } from './store/postgres/process-lock.ts'
import { defineUserSession, type UserSessionModel } from './store/postgres/user-session-model.ts'
import { discreetLogger } from './telemetry/discreet.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { createTraces, type Traces } from './telemetry/traces.ts'

/** What a host hands over, and every option of {@link PresenceOptions}. */
export interface PresenceHost extends HostApp, Partial<PresenceOptions> {
  sequelize: Sequelize
  /** The host's own model of users; it gains four attributes and four methods. */
  User: ModelStatic<Model>
  /**
   * Where nodes share what they know: a URL, those of several nodes of a Redis Cluster, or the host's own node-redis client, of whose
   * settings copies are made. Without it presence is in the memory of this one process (R8).
   */
  redis?: RedisSource
  /** Begins every key in Redis. @default 'porchlight' */
  redisPrefix?: string
  /** Where the host keeps its providers; without it there is no `GET /api/providers` of ours. */
  directory?: ProviderDirectory
}

/** A running presence system on the host's own database. */
export interface Presence extends PresenceSystem {
  UserSession: UserSessionModel
  /** Applies our migrations. @returns the names of those that were applied */
  migrate(): Promise<string[]>
}

/**
 * Adds presence to an Express, Socket.IO and Sequelize application.
 *
 * @throws {PresenceError} INVALID_OPTION, SCHEMA_CONFLICT
 */
export function createPresence(host: PresenceHost): Presence {
  const { sequelize, User, directory = null, clock = Date.now } = host
  const options = resolveOptions(pickOptions(host))
  const codec = host.userId ?? uuidIds
  const log = host.logger ? discreetLogger(host.logger) : createLogger()
  extendUserModel(User)
  const UserSession = defineUserSession(sequelize, User)
  const nodeId = randomUUID()
  const users = { ...usersOf(User), userId: codec }
  const metrics = host.metrics ?? createMetrics()
  const traces = createTraces()
  const shared = host.redis === undefined ? null : openShared(host, host.redis, options, { log, metrics, traces })
  const hot = shared ?? createMemoryHotStore({ clock, nodeId })
  const guard = guardOf(options, metrics, traces)
  const system = composePresence(
    { ...host, metrics },
    {
      options,
      codec,
      log,
      traces,
      hot,
      shared,
      counters: shared?.counters ?? createMemoryCounters(),
      durable: createDurableStore({ sequelize, ...users, nodeId, directory, guard }),
      reports: createReportStore(openDatabase(sequelize, { guard }), describeUsers(users), codec),
      directoryIds: directoryIds(directory),
      condition: (filter, column, hidden) => presenceCondition(filter, column, hot.now(), hidden),
      claim: (onLost) => claimDatabase(sequelize, { onLost, mode: shared ? 'among-others' : 'alone' }),
      startJobs,
    },
  )
  return {
    ...system,
    UserSession,
    migrate: () => migratePresence({ sequelize, ...users, log: (line) => log.info({}, line) }),
  }
}

/** @throws {PresenceError} ALREADY_RUNNING, SCHEMA_CONFLICT · STORE_UNAVAILABLE */
async function claimDatabase(sequelize: Sequelize, options: ProcessLockOptions): Promise<ProcessLock> {
  const lock = await takeProcessLock(sequelize, options)
  try {
    await checkMigrated(sequelize)
  } catch (error) {
    await lock.release()
    throw error
  }
  return lock
}

/** A call of a store, as a span. @param system as OpenTelemetry's semantic conventions name it */
const asSpan =
  (traces: Traces, system: 'postgresql' | 'redis') =>
  <Result>(call: () => Promise<Result>): Promise<Result> =>
    traces.inSpan(`porchlight.${system}`, call, { role: 'call', attributes: { 'db.system.name': system } })

const guardOf = (
  { databaseTimeoutMs, breakerFailures, breakerCooldownMs }: PresenceOptions,
  metrics: Metrics,
  traces: Traces,
) =>
  guardDatabase({
    around: asSpan(traces, 'postgresql'),
    timeoutMs: databaseTimeoutMs,
    breakerFailures,
    breakerCooldownMs,
    onAnswer: (answered, seconds) => {
      metrics.postgresUp.set(Number(answered))
      metrics.storeSeconds.observe({ service: 'postgres' }, seconds)
    },
    onBreak: (isOpen) => metrics.breakerOpen.set({ service: 'postgres' }, Number(isOpen)),
  })

function openShared(
  { clock, redisPrefix = 'porchlight' }: PresenceHost,
  source: RedisSource,
  options: PresenceOptions,
  { log, metrics, traces }: { log: Logger; metrics: Metrics; traces: Traces },
): SharedHotStore {
  const { nodeLeaseMs, storeTimeoutMs, breakerFailures, breakerCooldownMs } = options
  let said = 0
  return createRedisHotStore({
    source,
    prefix: redisPrefix,
    nodeLeaseMs,
    timeoutMs: storeTimeoutMs,
    breakerFailures,
    breakerCooldownMs,
    clock,
    around: asSpan(traces, 'redis'),
    traceparent: traces.parent,
    onBreak: (isOpen) => metrics.breakerOpen.set({ service: 'redis' }, Number(isOpen)),
    onAnswer: (_answered, seconds) => metrics.storeSeconds.observe({ service: 'redis' }, seconds),
    onGap: (missed) => metrics.logGaps.inc(missed),
    onWarning: (sentence) => log.warn({}, sentence),
    // A client that cannot connect says so five times a second.
    onError: (error) => {
      if (Date.now() - said < TELL_EVERY_MS) return
      said = Date.now()
      log.warn({ err: error }, 'Redis')
    },
  })
}

const TELL_EVERY_MS = 5_000

const usersOf = (User: PresenceHost['User']) => {
  const table = User.getTableName()
  const usersTable = typeof table === 'string' ? table : [table.schema, table.tableName].filter(Boolean).join('.')
  return { usersTable, idColumn: User.rawAttributes[User.primaryKeyAttribute]?.field ?? 'id' }
}

const directoryIds = (directory: ProviderDirectory | null) =>
  directory && {
    city: (text: string) => isDirectoryId(directory.cityType ?? 'integer', text),
    service: (text: string) => isDirectoryId(directory.serviceType ?? 'integer', text),
  }

const pickOptions = (host: PresenceHost): Partial<PresenceOptions> =>
  Object.fromEntries(OPTION_NAMES.flatMap((name) => (host[name] === undefined ? [] : [[name, host[name]]])))
