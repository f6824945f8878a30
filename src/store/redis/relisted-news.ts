import type { Relisting } from '../contract.ts'
import type { Keys } from './keys.ts'
import type { Link } from './link.ts'
import { createListeners } from './listeners.ts'
import { isNeighbour, SCHEMA_VERSION } from './schema.ts'

/** Providers that are named in one message; more are told of as "anybody". */
const NAMED = 100

interface RelistedJson {
  /** Schema version (R55). */
  readonly v: number
  /** The process that tells, for it to know its own. */
  readonly n: string
  readonly p: readonly Relisting[] | null
}

/** News of the host's directory, between nodes. They are not kept: whoever misses them compares from time to time (R46). */
export function createRelistedNews({ link, keys, origin }: { link: Link; keys: Keys; origin: string }) {
  const listeners = createListeners<readonly Relisting[] | null>()

  function hear(message: string): void {
    const { v, n, p } = JSON.parse(message) as RelistedJson
    if (n !== origin) listeners.tell(isNeighbour(v) ? p : null)
  }

  return {
    open: () => link.subscribe(keys.relisted, hear),
    async tell(changed: readonly Relisting[]): Promise<void> {
      const news: RelistedJson = { v: SCHEMA_VERSION, n: origin, p: changed.length > NAMED ? null : changed }
      await link.send(keys.relisted, 'SPUBLISH', keys.relisted, JSON.stringify(news))
    },
    onRelisted: listeners.add,
    close: listeners.clear,
  }
}
