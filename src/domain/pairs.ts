import { versionTime } from './version.ts'

/**
 * What is special between a user and one viewer: that they are blocked, or that something changed between the two lately. It keeps the
 * versions that this viewer is told growing although they are told another audience's view from then on (R7, R31).
 */
export interface Pair {
  readonly viewerId: string
  readonly blocked: boolean
  /** Version of the decision or change; an older one never replaces a newer one. */
  readonly version: number
  /** No version that this viewer is told is lower. */
  readonly floor: number
}

/** One for all: hardly anybody has any. */
export const NO_PAIRS: readonly Pair[] = []

/** How long it is remembered that something changed that holds no longer: longer than any client waits to ask again. */
const KEPT_MS = 86_400_000
const MOST_KEPT = 200

export const pairWith = (pairs: readonly Pair[], viewerId: string): Pair | undefined =>
  pairs.length === 0 ? undefined : pairs.find((pair) => pair.viewerId === viewerId)

/** The pairs with this one in them, and without those that nobody has to know of any more. @param now epoch milliseconds */
export function withPair(pairs: readonly Pair[], pair: Pair, now: number): readonly Pair[] {
  const others = pairs.filter(({ viewerId }) => viewerId !== pair.viewerId)
  const past = [...others, pair]
    .filter(({ blocked, version }) => !blocked && versionTime(version) + KEPT_MS > now)
    .toSorted((a, b) => b.version - a.version)
  const kept = new Set(past.slice(0, MOST_KEPT))
  return [...others, pair].filter((one) => one.blocked || kept.has(one))
}

/** Pairs of `after` that are not the same in `before`. */
export const changedPairs = (before: readonly Pair[], after: readonly Pair[]): readonly Pair[] =>
  before === after ? NO_PAIRS : after.filter((pair) => pairWith(before, pair.viewerId)?.version !== pair.version)

/** Pairs that have what is newer of each. */
export function newestPairs(pairs: readonly Pair[], others: readonly Pair[], now: number): readonly Pair[] {
  const newer = others.filter((pair) => pair.version > (pairWith(pairs, pair.viewerId)?.version ?? 0))
  return newer.reduce((all, pair) => withPair(all, pair, now), pairs)
}

/** The same pairs with no floor below this one. */
export const raiseFloors = (pairs: readonly Pair[], floor: number): readonly Pair[] =>
  pairs.every((pair) => pair.floor >= floor)
    ? pairs
    : pairs.map((pair) => ({ ...pair, floor: Math.max(pair.floor, floor) }))
