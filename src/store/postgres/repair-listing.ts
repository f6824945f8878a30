import type { Sequelize } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { openDatabase } from './database.ts'
import { describeDirectory, type ProviderDirectory } from './directory.ts'
import { describeUsers, type HostUsersOptions } from './host-users.ts'
import { listingKeeper } from './refresh-listing.ts'

/** Providers that are compared at once. */
const PART = 1_000

export interface RepairOptions extends HostUsersOptions {
  readonly sequelize: Sequelize
  readonly directory: ProviderDirectory
  /** Hears how many were compared. */
  readonly onProgress?: (compared: number) => void
}

/**
 * Compares the whole listing with the host's directory, brings it up to date, and sets counts right; nodes may serve meanwhile. For
 * commands, after a seed or a restore: a running system does the same by itself from time to time.
 *
 * @throws {PresenceError} INVALID_OPTION a directory that describes nothing · STORE_UNAVAILABLE
 */
export async function repairListing({
  sequelize,
  directory,
  onProgress = () => {},
  ...host
}: RepairOptions): Promise<{ compared: number; changed: number; corrected: number }> {
  if (typeof directory.providers?.table !== 'string') {
    throw new PresenceError('INVALID_OPTION', 'The directory has to name the table of providers.')
  }
  const keeper = listingKeeper(openDatabase(sequelize), describeUsers(host), host.userId, describeDirectory(directory))
  let changed = 0
  for (let after: string | null = null, compared = 0; ; ) {
    const part = await keeper.refreshAfter(after, PART)
    changed += part.changed.length
    compared += part.compared
    onProgress(compared)
    if (part.last === null) return { compared, changed, corrected: await keeper.recount() }
    after = part.last
  }
}
