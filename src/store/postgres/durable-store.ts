import type { Sequelize } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { DurableStore } from '../contract.ts'
import type { Guard } from '../guard.ts'
import { type Database, openDatabase, openTransactions } from './database.ts'
import { accessReader, missingUsersReader } from './access.ts'
import { describeDirectory, type ProviderDirectory } from './directory.ts'
import { leftoversEnder } from './end-leftovers.ts'
import { providerFinder } from './find-providers.ts'
import { describeUsers, type HostUsers, type HostUsersOptions } from './host-users.ts'
import { listingReader } from './listings.ts'
import { recordLoader } from './load-records.ts'
import { activeSessionsReader, presentUsersReader, sessionEnder } from './present-users.ts'
import { personalVerbs } from './personal-data.ts'
import { recordProjector } from './project-records.ts'
import { listingKeeper } from './refresh-listing.ts'
import { aliveRecorder } from './record-alive.ts'
import { retentionVerbs } from './retention.ts'
import { decisionSaver } from './save-decision.ts'
import { sessionSaver } from './save-sessions.ts'
import { sessionDetailsReader } from './session-details.ts'

export interface DurableStoreOptions extends HostUsersOptions {
  readonly sequelize: Sequelize
  /** Which process this is, for `recordAlive`. */
  readonly nodeId: string
  /** Where the host keeps its providers, or null: then nobody can search. */
  readonly directory: ProviderDirectory | null
  /** Keeps callers from waiting for a PostgreSQL that is away. */
  readonly guard?: Guard
}

/**
 * PostgreSQL as a durable store, over the host's own connections. The schema must be migrated (`migratePresence`).
 *
 * All verbs may throw {@link PresenceError} STORE_UNAVAILABLE when PostgreSQL fails; the same call may succeed later.
 */
export function createDurableStore(options: DurableStoreOptions): DurableStore {
  const { sequelize, nodeId, directory, guard, ...host } = options
  const database = openDatabase(sequelize, guard && { guard })
  const transact = openTransactions(sequelize, guard)
  const users = describeUsers(host)
  return {
    load: recordLoader(database, users),
    saveDecision: decisionSaver(database, users),
    accessSince: accessReader(database),
    missingUsers: missingUsersReader(database, users),
    project: recordProjector(database, users),
    saveSessions: sessionSaver(database, users),
    sessionDetails: sessionDetailsReader(database),
    // Once, at start, over all that was left: it takes what it takes.
    endLeftovers: leftoversEnder(openDatabase(sequelize), users),
    presentUsers: presentUsersReader(database, users),
    activeSessions: activeSessionsReader(database),
    endSessions: sessionEnder(database),
    recordAlive: aliveRecorder(database, nodeId),
    ...retentionVerbs(database, transact),
    ...personalVerbs(transact, users),
    ...(directory === null ? NOBODY_LISTED : listingVerbs(database, users, host.userId, directory)),
    ping: () => answers(database),
  }
}

type ListingVerbs = Pick<
  DurableStore,
  'findProviders' | 'listings' | 'refreshListing' | 'refreshListingAfter' | 'recountListing'
>

function listingVerbs(
  database: Database,
  users: HostUsers,
  userId: UserIdCodec,
  directory: ProviderDirectory,
): ListingVerbs {
  const keeper = listingKeeper(database, users, userId, describeDirectory(directory))
  return {
    findProviders: providerFinder(database, userId),
    listings: listingReader(database, userId),
    refreshListing: keeper.refresh,
    refreshListingAfter: keeper.refreshAfter,
    recountListing: keeper.recount,
  }
}

const NOBODY_LISTED: ListingVerbs = {
  findProviders: refuseSearch,
  listings: async () => new Map(),
  refreshListing: async () => [],
  refreshListingAfter: async () => ({ last: null, compared: 0, changed: [] }),
  recountListing: async () => 0,
}

async function refuseSearch(): Promise<never> {
  throw new PresenceError('NOT_FOUND', 'There is no directory of providers here.')
}

async function answers(database: Database): Promise<boolean> {
  try {
    await database.rows('select 1')
    return true
  } catch (error) {
    if (error instanceof PresenceError) return false
    throw error
  }
}
