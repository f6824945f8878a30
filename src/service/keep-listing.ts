import { asError } from '../telemetry/logger.ts'
import type { ServiceDeps } from './deps.ts'

/** Providers that are compared with the host's directory at once. */
const PART = 1_000
/** So many of a new listing are there before a node serves; the others follow. */
const FIRST = 20_000

/** See {@link PresenceVerbs.refreshDirectory}. */
export async function refreshListing({ durable }: ServiceDeps, userIds: readonly string[]): Promise<string[]> {
  const changed: string[] = []
  for (let from = 0; from < userIds.length; from += PART) {
    changed.push(...(await durable.refreshListing(userIds.slice(from, from + PART))))
  }
  return changed
}

/** How far a comparison of everybody has come. */
export interface Repair {
  /** Where it goes on, or null: it is over. */
  readonly after: string | null
  readonly changed: readonly string[]
  /** Counts that were wrong; known at the end. */
  readonly corrected: number
}

/** Compares the next part of the listing with the host's directory; behind the last, counts are made anew. */
export async function repairPart({ durable }: ServiceDeps, from: string | null): Promise<Repair> {
  const { last, changed } = await durable.refreshListingAfter(from, PART)
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
