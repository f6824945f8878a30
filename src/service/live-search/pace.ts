/** How often what happens around watched searches. Milliseconds. */
export interface Pace {
  /** For how long what became of cards that are shown is gathered before it is told. */
  readonly gatherMs: number
  /** Shortest time between two computations of one search. */
  readonly everyMs: number
  /** How often the durable store is asked whether it knows of changes by now. */
  readonly lookEveryMs: number
  /** How often searches are computed anew that time alone moves. */
  readonly timeMovesMs: number
  /** How often everything is computed anew, whatever was heard (R46). */
  readonly reconcileMs: number
}

const GATHER_MS = 150
const LOOK_EVERY_MS = 200
const TIME_MOVES_MS = 5_000

export const paceOf = (options: { readonly liveSearchEveryMs: number; readonly reconcileMs: number }): Pace => ({
  gatherMs: Math.min(GATHER_MS, options.liveSearchEveryMs),
  everyMs: options.liveSearchEveryMs,
  lookEveryMs: Math.min(LOOK_EVERY_MS, options.liveSearchEveryMs),
  timeMovesMs: Math.max(TIME_MOVES_MS, options.liveSearchEveryMs),
  reconcileMs: Math.max(options.reconcileMs, options.liveSearchEveryMs),
})

/** For systems on a clock of their own: as soon as it can be. */
export const AT_ONCE: Pace = { gatherMs: 0, everyMs: 0, lookEveryMs: 0, timeMovesMs: 5_000, reconcileMs: 30_000 }

/** Longest time until what failed is tried again. */
const MAX_BACKOFF_MS = 4_000

/** Milliseconds until what failed so often in a row is tried again; nodes and searches do not come all at once. */
export const backoffMs = (failures: number): number =>
  Math.min(MAX_BACKOFF_MS, 250 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2)
