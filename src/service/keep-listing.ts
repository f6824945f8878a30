import type { Relisting } from '../store/contract.ts'
import { asError } from '../telemetry/logger.ts'
import type { ServiceDeps } from './deps.ts'

/** Providers that are compared with the host's directory at once. */
const PART = 1_000
/** So many of a new listing are there before a node serves; the others follow. */
const FIRST = 20_000

/** See {@link PresenceVerbs.refreshDirectory}. */
export async function refreshListing(deps: ServiceDeps, userIds: readonly string[]): Promise<string[]> {
  const { durable, relistings } = deps
  const changed: Relisting[] = []
  for (let from = 0; from < userIds.length; from += PART) {
    changed.push(...(await durable.refreshListing(userIds.slice(from, from + PART))))
  }
  relisted(deps, changed)
  const ids = new Set(changed.map(({ userId }) => userId))
  const unchanged = userIds.filter((userId) => !ids.has(userId))
  const listed = await durable.listings(unchanged)
  // With a deleted user everything of theirs is gone; they may be on a screen still.
  relistings.tell(
    unchanged.filter((userId) => !listed.has(userId)).map((userId) => ({ userId, before: null, after: null })),
  )
  return [...ids]
}

/** Whoever holds what searches found, here or in front of us, learns that it is not so any more. */
function relisted({ relistings, purge }: ServiceDeps, changed: readonly Relisting[]): void {
  relistings.tell(changed)
  purge.relisted(changed)
}

/** How far a comparison of everybody has come. */
export interface Repair {
  /** Where it goes on, or null: it is over. */
  readonly after: string | null
  readonly changed: readonly Relisting[]
  /** Counts that were wrong; known at the end. */
  readonly corrected: number
}

/** Compares the next part of the listing with the host's directory; behind the last, counts are made anew. */
export async function repairPart(deps: ServiceDeps, from: string | null): Promise<Repair> {
  const { durable } = deps
  const { last, changed } = await durable.refreshListingAfter(from, PART)
  relisted(deps, changed)
  return { after: last, changed, corrected: last === null ? await durable.recountListing() : 0 }
}

/**
 * Fills a listing that is empty yet, so that whoever begins with a small directory finds everybody at once. A directory that cannot be
 * read takes nothing else down.
 */
export async function beginListing({ durable, hasDirectory, log }: ServiceDeps): Promise<void> {
  if (!hasDirectory) return
  try {
    for (let after: string | null = null, done = 0; done < FIRST; done += PART) {
      const { last, changed } = await durable.refreshListingAfter(after, PART)
      if (last === null || changed.length < PART) return
      after = last
    }
  } catch (error) {
    log.error({ err: asError(error) }, 'the directory of providers cannot be read; searches may find nobody')
  }
}
