import DataLoader from 'dataloader'
import { LRUCache } from 'lru-cache'
import type { Attributes, Flags } from '../../flags/contract.ts'
import { asError, type Logger } from '../../telemetry/logger.ts'

/** For whom presence is switched on, as this node sees it. */
export interface Decisions {
  /**
   * Holds for as long as the user has a connection here and the rules stay as they are: what their attributes become meanwhile counts from
   * the next connection on (R70).
   *
   * @param userId null: somebody who is not known
   */
  isOn(userId: string | null): Promise<boolean>
  /** Whether it was decided by the rules of now that this user is off; false while nobody asked. */
  isKnownOff(userId: string): boolean
  /** Asks for all of them anew. */
  decide(userIds: readonly string[]): Promise<ReadonlyMap<string, boolean>>
  /** The rules may say something else now. */
  expire(): void
}

export interface DecisionDeps {
  readonly flags: Flags
  readonly log: Logger
  /** What was decided for somebody with a connection here, or undefined. */
  readonly standing: (userId: string) => boolean | undefined
  /** Milliseconds that only grow. */
  readonly clock: () => number
}

interface Decision {
  readonly on: boolean
  readonly at: number
  readonly turn: number
}

/** Milliseconds for which a decision about somebody without a connection here is believed: attributes may have changed. */
const BELIEVED_MS = 60_000
/** Users whose decision is remembered, for when nobody can say. */
const MAX_KNOWN = 100_000
/** Users whose attributes are asked for at once. */
const BATCH = 1_000
/** How somebody who is not known is kept: no id is empty. */
const NOBODY = ''

export function createDecisions({ flags, log, standing, clock }: DecisionDeps): Decisions {
  const known = new LRUCache<string, Decision>({ max: MAX_KNOWN })
  let turn = 0
  let saidIn = -1
  const loader = new DataLoader<string, boolean>(
    async (userIds) => {
      const decided = await decide(userIds)
      return userIds.map((userId) => decided.get(userId) ?? flags.fallback)
    },
    { cache: false, maxBatchSize: BATCH },
  )

  /** Providers may be away for long, and are asked all the time. */
  function complain(error: unknown): void {
    if (saidIn === turn) return
    saidIn = turn
    log.warn({ err: asError(error) }, 'nobody can say for whom presence is switched on; what was decided last holds')
  }

  async function ask(userId: string, attributes: Attributes): Promise<boolean | null> {
    try {
      const on = await flags.isOn(userId === NOBODY ? null : userId, attributes)
      if (on === null) complain(new Error('The provider of flags answered with an error.'))
      return on
    } catch (error) {
      complain(error)
      return null
    }
  }

  async function attributesOf(userIds: readonly string[]): Promise<ReadonlyMap<string, Attributes> | null> {
    try {
      return await flags.attributesOf(userIds.filter((userId) => userId !== NOBODY))
    } catch (error) {
      complain(error)
      return null
    }
  }

  async function decideSome(userIds: readonly string[]): Promise<[string, boolean][]> {
    const mine = turn
    const attributes = await attributesOf(userIds)
    return Promise.all(
      userIds.map(async (userId): Promise<[string, boolean]> => {
        const said = attributes && (await ask(userId, attributes.get(userId) ?? {}))
        const on = said ?? known.get(userId)?.on ?? flags.fallback
        known.set(userId, { on, at: clock(), turn: mine })
        return [userId, on]
      }),
    )
  }

  async function decide(userIds: readonly string[]): Promise<Map<string, boolean>> {
    const all = new Map<string, boolean>()
    for (let i = 0; i < userIds.length; i += BATCH) {
      for (const [userId, on] of await decideSome(userIds.slice(i, i + BATCH))) all.set(userId, on)
    }
    return all
  }

  /** By rules that hold when it is answered: should they change meanwhile, it is asked again. */
  async function askNow(key: string): Promise<boolean> {
    const mine = turn
    const on = await loader.load(key)
    return mine === turn ? on : askNow(key)
  }

  return {
    async isOn(userId) {
      const key = userId ?? NOBODY
      const held = userId === null ? undefined : standing(userId)
      if (held !== undefined) return held
      const decision = known.get(key)
      if (decision && decision.turn === turn && clock() - decision.at < BELIEVED_MS) return decision.on
      return askNow(key)
    },
    isKnownOff(userId) {
      const decision = known.peek(userId)
      return decision !== undefined && decision.turn === turn && !decision.on
    },
    decide,
    expire: () => {
      turn += 1
    },
  }
}
