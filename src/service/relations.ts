import { LRUCache } from 'lru-cache'
import { asError, type Logger } from '../telemetry/logger.ts'

/** The host's word on whether a viewer is somebody whom a user deals with. Ids are canonical text. */
export type RelationHook = (viewerId: string, targetId: string) => boolean | Promise<boolean>

/** Who deals with whom, as the host said lately (R36). */
export interface Relations {
  /**
   * Whether the viewer is a contact of the user. No word is no: without a hook, when it throws, or when it takes too long.
   *
   * @param since version of the user's levels: what was said before they decided them is asked again
   */
  isContact(viewerId: string, userId: string, since: number): Promise<boolean>
  /** It may have changed: the next look-up asks. */
  forget(viewerId: string, userId: string): void
}

export interface RelationsParts {
  readonly hook: RelationHook | undefined
  /** Milliseconds for which an answer is believed, whichever it is. */
  readonly cacheMs: number
  /** Milliseconds that never step back. */
  readonly clock: () => number
  readonly log: Logger
  /** The host says something else than when it was asked last. */
  readonly onChange: (viewerId: string, userId: string) => void
}

interface Answer {
  readonly isContact: boolean
  readonly since: number
  /** Milliseconds of the clock. */
  readonly until: number
}

/** Milliseconds for the host to answer: others have to be told within a second (R32). */
const HOOK_MS = 500
/** Milliseconds after which a host that failed is asked again. */
const FAILED_MS = 1_000
/** Answers remembered, about 200 bytes each. */
const REMEMBERED = 50_000

export function createRelations({ hook, cacheMs, clock, log, onChange }: RelationsParts): Relations {
  if (!hook) return { isContact: async () => false, forget: () => {} }
  const answers = new LRUCache<string, Answer>({ max: REMEMBERED })
  const underWay = new Map<string, Promise<boolean>>()

  async function ask(viewerId: string, userId: string): Promise<{ isContact: boolean; believedMs: number }> {
    try {
      const said = await inTime(async () => hook?.(viewerId, userId), HOOK_MS)
      return { isContact: said === true, believedMs: cacheMs }
    } catch (error) {
      log.warn({ err: asError(error) }, 'the host did not say who deals with whom; that is taken for a no')
      return { isContact: false, believedMs: Math.min(FAILED_MS, cacheMs) }
    }
  }

  function look(key: string, viewerId: string, userId: string, since: number): Promise<boolean> {
    const looking = ask(viewerId, userId).then(({ isContact, believedMs }) => {
      // What was asked before somebody said that it changed is not worth remembering.
      if (underWay.get(key) !== looking) return isContact
      underWay.delete(key)
      const before = answers.get(key)
      answers.set(key, { isContact, since, until: clock() + believedMs })
      if (before && before.since === since && before.isContact !== isContact) onChange(viewerId, userId)
      return isContact
    })
    underWay.set(key, looking)
    return looking
  }

  return {
    async isContact(viewerId, userId, since) {
      const key = keyOf(viewerId, userId)
      const known = answers.get(key)
      if (known && known.since === since && clock() < known.until) return known.isContact
      return underWay.get(key) ?? look(key, viewerId, userId, since)
    },
    forget(viewerId, userId) {
      const key = keyOf(viewerId, userId)
      answers.delete(key)
      underWay.delete(key)
    },
  }
}

const keyOf = (viewerId: string, userId: string): string => `${viewerId} ${userId}`

/** @throws when it takes too long, or fails */
function inTime<Result>(work: () => Promise<Result>, ms: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
    work()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}
