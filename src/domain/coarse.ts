/**
 * How long a bucket of coarse last seen is: a quarter of a day, from midnight, 06:00, 12:00 and 18:00 UTC. The limits are the same for
 * everybody and stand still, so that no moment of anybody's can be told from when a bucket changes.
 */
export const COARSE_MS = 21_600_000

/** The beginning of the bucket that a moment lies in. @param at epoch milliseconds */
export const coarsely = (at: number): number => Math.floor(at / COARSE_MS) * COARSE_MS

/**
 * Whether a moment is the beginning of a bucket: then it is worded as one. Of exact moments one in 21,600,000 is taken for it, too,
 * which tells less of it.
 */
export const isCoarse = (at: number): boolean => at % COARSE_MS === 0

const DAY_MS = 86_400_000

export const COARSE_WORDS = ['recently', 'today', 'this week', 'long ago'] as const
export type CoarseWord = (typeof COARSE_WORDS)[number]

/**
 * The word for a bucket: `recently` is this one or the one before, `today` and `this week` (the seven days up to today) go by days in
 * UTC. It follows from the bucket alone.
 *
 * @param bucketAt its beginning @param now epoch milliseconds, as `bucketAt`
 */
export function coarseWord(bucketAt: number, now: number): CoarseWord {
  if (now < bucketAt + 2 * COARSE_MS) return 'recently'
  const days = daysBetween(bucketAt, now)
  if (days === 0) return 'today'
  return days < 7 ? 'this week' : 'long ago'
}

/** How many midnights in UTC lie between two moments. */
export const daysBetween = (from: number, to: number): number => Math.floor(to / DAY_MS) - Math.floor(from / DAY_MS)
