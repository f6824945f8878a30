import type { DurableStore, Listing } from '../store/contract.ts'
import { asError, type Logger } from '../telemetry/logger.ts'
import { ALL_SEARCHES, cityKey, providerKey } from './surrogate-keys.ts'

/** The host's word to the caches in front of it: whatever carries one of these keys is not to be given out any more. */
export type PurgeHook = (keys: readonly string[]) => unknown

/** Has caches outside purged of what must not, or need not, be seen there any longer. It neither throws nor keeps anybody waiting. */
export interface Purge {
  /** Somebody hid (R32). */
  hidden(userId: string): void
  /** Where these are listed until the directory says something else; null when it is not worth looking. */
  before(userIds: readonly string[]): Promise<ReadonlyMap<string, Listing> | null>
  /** The directory says something else of these providers now. */
  relisted(userIds: readonly string[], before?: ReadonlyMap<string, Listing> | null): void
}

export interface PurgeParts {
  readonly hook: PurgeHook | undefined
  readonly durable: Pick<DurableStore, 'listings'>
  readonly log: Logger
  /** Counts a call of the hook. */
  onCall(worked: boolean): void
}

/** Milliseconds after which a hook that has not answered has failed. */
const HOOK_MS = 10_000
/** Milliseconds for finding out what to purge; after them everything is. */
const LOOK_MS = 500
/** Providers that are named; of more, all searches are purged. */
const NAMED = 100

export function createPurge({ hook, durable, log, onCall }: PurgeParts): Purge {
  if (!hook) return { before: async () => null, hidden: () => {}, relisted: () => {} }

  async function call(keys: readonly string[]): Promise<void> {
    try {
      await inTime(Promise.resolve(hook?.(keys)), HOOK_MS)
      onCall(true)
    } catch (error) {
      onCall(false)
      log.warn(
        { err: asError(error), keys: keys.length },
        'caches could not be purged; what they hold expires by itself',
      )
    }
  }

  /** A search without a city has everybody in its counts. */
  const keysOf = (userIds: readonly string[], ...listings: ReadonlyMap<string, Listing>[]): string[] => {
    const cities = listings.flatMap((map) => userIds.flatMap((userId) => map.get(userId)?.cityId ?? []))
    return [...userIds.map(providerKey), ...new Set(cities.map(cityKey)), cityKey(null)]
  }

  async function purge(userIds: readonly string[], before: ReadonlyMap<string, Listing>): Promise<void> {
    const now = await look(userIds)
    if (now === null) return call([...userIds.map(providerKey), ALL_SEARCHES])
    // Whoever is no provider is in no search.
    if (now.size > 0 || before.size > 0) await call(keysOf(userIds, now, before))
  }

  /** Null: nobody knows. */
  async function look(userIds: readonly string[]): Promise<ReadonlyMap<string, Listing> | null> {
    try {
      return await inTime(durable.listings(userIds), LOOK_MS)
    } catch {
      return null
    }
  }

  return {
    before: async (userIds) => (userIds.length > NAMED ? null : look(userIds)),
    hidden: (userId) => void purge([userId], new Map()),
    relisted(userIds, before) {
      if (userIds.length === 0) return
      void (before ? purge(userIds, before) : call([ALL_SEARCHES]))
    },
  }
}

/** @throws when it takes too long */
async function inTime<Result>(answer: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
    timer.unref()
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
