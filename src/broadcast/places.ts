import { type Standing, STRANGER, type Views } from '../domain/info.ts'

/** Where a connection's viewer stands towards those whom it watches. */
export interface Places {
  /** Where that is not where strangers do; null for nearly all. */
  standings: Map<string, Placed> | null
}

export interface Placed extends Standing {
  /** The version they were told when they were placed: anything older is no news. */
  readonly told: number
}

/** Where whoever was never placed stands. */
export const UNPLACED: Placed = { ...STRANGER, told: 0 }

/** Of whom it is not known yet; whatever is, is newer. */
export const HELD: Placed = { audience: 'nobody', floor: 0, version: -1, told: 0 }

/** Of whom it could not be found out: they are told what strangers are, and nothing is taken back of what they were never told (R31). */
const UNANSWERED: Placed = { ...STRANGER, version: -1, told: 0 }

/** Whether it was never said where they stand. */
export const isUnsaid = (placed: Placed): boolean => placed === HELD || placed === UNANSWERED

export const isUnanswered = ({ standings }: Places, userId: string): boolean => standings?.get(userId) === UNANSWERED

/** Where somebody stands, or null: where strangers do, or it was never said. */
export function placeOf(places: Places | undefined, userId: string): Placed | null {
  const placed = places?.standings?.get(userId)
  return placed === undefined || isUnsaid(placed) ? null : placed
}

/** Whoever stands with the strangers, and was told nothing newer than they were, costs nothing. */
export function stand(places: Places, userId: string, placed: Placed): void {
  const isPlain = placed.audience === 'stranger' && placed.version === 0
  if (isPlain) places.standings?.delete(userId)
  else (places.standings ??= new Map()).set(userId, placed)
}

/**
 * Whoever watches a user no more, and hears of everybody all the same, is a stranger from then on, as nobody asks the host about them; what
 * the user decided on them stays in force.
 */
export function forgetContact(places: Places, userId: string): void {
  const placed = places.standings?.get(userId)
  if (placed === undefined) return
  if (isUnsaid(placed)) places.standings?.delete(userId)
  else if (placed.audience === 'contact') stand(places, userId, { ...placed, audience: 'stranger' })
}

/** Nothing is told of these until it is known who they are to whom, unless it is known. */
export function hold(places: Places, userIds: readonly string[]): void {
  for (const userId of userIds) if (isUnsaid(places.standings?.get(userId) ?? HELD)) stand(places, userId, HELD)
}

/** @param isAnswered whether they were told how things are */
export function release(places: Places, userIds: readonly string[], isAnswered: boolean): void {
  const { standings } = places
  for (const userId of userIds) {
    const placed = standings?.get(userId)
    if (placed === undefined || !isUnsaid(placed)) continue
    if (isAnswered) standings?.delete(userId)
    else standings?.set(userId, UNANSWERED)
  }
  // Nearly all stand with the strangers everywhere: an empty map for each connection takes memory.
  if (standings?.size === 0) places.standings = null
}

/** Whether a viewer is told something else where they stand now. */
export const isMoved = (before: Standing, after: Standing): boolean =>
  before.audience !== after.audience || before.floor !== after.floor

/**
 * As which audience somebody is told this, or null: nothing of it.
 *
 * @param again also when they were told this very version when they were placed
 */
export function roleOf(placed: Placed | undefined, views: Views, again: boolean): 'contact' | 'stranger' | null {
  if (placed === undefined) return 'stranger'
  if (placed.audience === 'nobody') return null
  const { version } = views[placed.audience]
  return version < placed.told || (version === placed.told && !again) ? null : placed.audience
}
