import type { DurableStore, Place, Relisting } from '../store/contract.ts'
import { asError, type Logger } from '../telemetry/logger.ts'
import { ALL_SEARCHES, cityKey, providerKey } from './surrogate-keys.ts'

/** The host's word to the caches in front of it: whatever carries one of these keys is not to be given out any more. */
export type PurgeHook = (keys: readonly string[]) => unknown

/** Has caches outside purged of what must not, or need not, be seen there any longer. It neither throws nor keeps anybody waiting. */
export interface Purge {
  /** Somebody hid (R32). */
  hidden(userId: string): void
  /** The directory says something else of these providers now. */
  relisted(changed: readonly Relisting[]): void
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
  if (!hook) return { hidden: () => {}, relisted: () => {} }

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
  const keysOf = (userIds: readonly string[], places: readonly Place[]): string[] => [
    ...userIds.map(providerKey),
    ...new Set(places.flatMap(({ cityId }) => (cityId === null ? [] : [cityKey(cityId)]))),
    cityKey(null),
  ]

  async function purgeHidden(userId: string): Promise<void> {
    const place = await look(userId)
    // Whoever is no provider is in no search.
    if (place !== null)
      await call(place === undefined ? [providerKey(userId), ALL_SEARCHES] : keysOf([userId], [place]))
  }

  /** Null: in no search; undefined: nobody knows. */
  async function look(userId: string): Promise<Place | null | undefined> {
    try {
      return (await inTime(durable.listings([userId]), LOOK_MS)).get(userId) ?? null
    } catch {
      return undefined
    }
  }

  return {
    hidden: (userId) => void purgeHidden(userId),
    relisted(changed) {
      if (changed.length === 0) return
      const userIds = changed.map(({ userId }) => userId)
      const places = changed.flatMap(({ before, after }) => [after ?? [], before ?? []].flat())
      void call(changed.length > NAMED ? [ALL_SEARCHES] : keysOf(userIds, places))
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
