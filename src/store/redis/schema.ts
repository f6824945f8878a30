import { PresenceError } from '../../domain/errors.ts'

/**
 * The version of everything kept in or sent through the store: records, leases, news (R55). It grows when a node of the version before could
 * no longer read what is written. Nodes of two neighbouring versions work together: what they do not know of each other's
 * records they carry along unchanged.
 */
export const SCHEMA_VERSION = 2

/** Whether this build can read what a node of that version wrote. */
export const isNeighbour = (version: number): boolean => Math.abs(version - SCHEMA_VERSION) <= 1

/** @throws {PresenceError} INCOMPATIBLE_NODES */
export function checkNeighbour(version: number): void {
  if (isNeighbour(version)) return
  throw new PresenceError(
    'INCOMPATIBLE_NODES',
    `The store is used by nodes of schema version ${version}, and this one speaks ${SCHEMA_VERSION}: ` +
      'only neighbouring versions work together. Roll out the versions between, one after the other.',
  )
}
