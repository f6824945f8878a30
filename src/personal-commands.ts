import { DataTypes, type Sequelize } from 'sequelize'
import { Server } from 'socket.io'
import { createPresence, type Presence } from './create-presence.ts'
import { PresenceError } from './domain/errors.ts'
import { type UserIdCodec, uuidIds } from './domain/user-id.ts'
import { userAgentFamily } from './gateway/device.ts'
import { optionsFromEnvironment, resolveOptions } from './options.ts'
import { wordUserData } from './gateway/user-data.ts'
import { countOld, retainPart } from './service/retention.ts'
import { type Environment, readRedis } from './settings.ts'
import { createDurableStore } from './store/postgres/durable-store.ts'
import { createLogger } from './telemetry/logger.ts'

/** Where the host keeps its users. */
export interface UsersPlace {
  readonly sequelize: Sequelize
  readonly usersTable: string
  readonly idColumn: string
  readonly userId: UserIdCodec
}

const count = (n: number): string => n.toLocaleString('en')

/**
 * Shortens and deletes what is kept of old sessions, as a running system does by itself; nodes may serve meanwhile.
 *
 * @param isDryRun only counts
 * @param onProgress hears what has been done so far
 * @returns a sentence on what was, or would be, done
 */
export async function cleanUp(
  sequelize: Sequelize,
  env: Environment,
  { isDryRun, onProgress }: { isDryRun: boolean; onProgress: (sentence: string) => void },
): Promise<string> {
  const { retentionDays, deletionDays } = resolveOptions(optionsFromEnvironment(env))
  const retention = { retentionDays, deletionDays, familyOf: userAgentFamily }
  const users = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
  const durable = createDurableStore({ sequelize, ...users, nodeId: 'cleanup', directory: null })
  const now = Date.now()
  const done = isDryRun ? { ...(await countOld(durable, retention, now)) } : { shortened: 0, deleted: 0 }
  for (let isLast = isDryRun; !isLast; ) {
    const part = await retainPart(durable, retention, now)
    done.shortened += part.shortened
    done.deleted += part.deleted
    isLast = part.isLast
    onProgress(`${count(done.shortened)} sessions shortened, ${count(done.deleted)} deleted`)
  }
  const did = isDryRun ? 'would be' : 'were'
  return `Sessions that began more than ${retentionDays} days ago: ${count(done.shortened)} ${did} shortened. More than ${deletionDays} days ago: ${count(done.deleted)} ${did} deleted.`
}

/** All that is held of a user, as JSON. Without Redis, what a running process has not written yet is missing. */
export async function exportData(place: UsersPlace, env: Environment, userId: string): Promise<string> {
  const id = idOf(place, userId)
  const isShared = readRedis(env) !== undefined
  const data = await withNode(place, env, isShared, ({ verbs }) => verbs.exportUser(id, 'operator'))
  return JSON.stringify(wordUserData(data), null, 2)
}

/**
 * Erases all that is held of a user, on all nodes.
 *
 * @returns sentences on what was done, with the receipt
 * @throws {PresenceError} ALREADY_RUNNING when a process serves this database from memory, which nobody else can reach
 */
export async function eraseData(place: UsersPlace, env: Environment, userId: string): Promise<string> {
  const id = idOf(place, userId)
  const { rows, receipt } = await withNode(place, env, true, ({ verbs }) => verbs.eraseUser(id, 'operator'))
  return `Erased: ${count(rows)} rows. The receipt, for the user alone:\n${receipt}`
}

function idOf({ userId: codec }: UsersPlace, text: string): string {
  const id = codec.parse(text)
  if (id === null) throw new PresenceError('INVALID_ID', 'This is not the id of a user.')
  return id
}

/** Is one of the nodes for a moment, without connections of its own. */
async function withNode<Result>(
  { sequelize, usersTable, idColumn, userId }: UsersPlace,
  env: Environment,
  starts: boolean,
  work: (presence: Presence) => Promise<Result>,
): Promise<Result> {
  const [table = usersTable, schema] = usersTable.split('.').toReversed()
  const type = userId.sqlType === 'uuid' ? DataTypes.UUID : DataTypes.BIGINT
  const User = sequelize.define(
    'User',
    { id: { type, primaryKey: true, field: idColumn } },
    { tableName: table, timestamps: false, ...(schema && { schema }) },
  )
  const redis = readRedis(env)
  const options = resolveOptions(optionsFromEnvironment(env))
  const shared = { ...options, ...redis, io: new Server(), sequelize, User, userId, logger: createLogger('warn') }
  const presence = createPresence(shared)
  try {
    if (starts) await presence.start()
    return await work(presence)
  } finally {
    await presence.stop()
  }
}
