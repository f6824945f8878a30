import { randomUUID } from 'node:crypto'
import type { Model, ModelStatic, Sequelize } from 'sequelize'
import { composePresence, type HostApp, type PresenceSystem } from './compose-presence.ts'
import { uuidIds } from './domain/user-id.ts'
import { startJobs } from './gateway/jobs/start-jobs.ts'
import { OPTION_NAMES, type PresenceOptions, resolveOptions } from './options.ts'
import { createMemoryHotStore } from './store/memory/memory-hot-store.ts'
import { isDirectoryId, type ProviderDirectory } from './store/postgres/directory.ts'
import { createDurableStore } from './store/postgres/durable-store.ts'
import { extendUserModel } from './store/postgres/extend-user-model.ts'
import { migratePresence } from './store/postgres/migrate.ts'
import { presenceCondition } from './store/postgres/presence-condition.ts'
import { takeProcessLock } from './store/postgres/process-lock.ts'
import { defineUserSession, type UserSessionModel } from './store/postgres/user-session-model.ts'
import { createLogger } from './telemetry/logger.ts'

/** What a host hands over, and every option of {@link PresenceOptions}. */
export interface PresenceHost extends HostApp, Partial<PresenceOptions> {
  sequelize: Sequelize
  /** The host's own model of users; it gains four attributes and four methods. */
  User: ModelStatic<Model>
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
  const log = host.logger ?? createLogger()
  extendUserModel(User)
  const UserSession = defineUserSession(sequelize, User)
  const nodeId = randomUUID()
  const users = { ...usersOf(User), userId: codec }
  const hot = createMemoryHotStore({ clock, nodeId })
  const system = composePresence(host, {
    options,
    codec,
    log,
    hot,
    shared: null,
    durable: createDurableStore({ sequelize, ...users, nodeId, directory }),
    directoryIds: directoryIds(directory),
    condition: (filter, column, hidden) => presenceCondition(filter, column, hot.now(), hidden),
    claim: (onLost) => takeProcessLock(sequelize, { onLost }),
    startJobs,
  })
  return {
    ...system,
    UserSession,
    migrate: () => migratePresence({ sequelize, ...users, log: (line) => log.info({}, line) }),
  }
}

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
