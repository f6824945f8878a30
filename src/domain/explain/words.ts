import { relativeTime } from '../last-seen.ts'

const DATE_LENGTH = 10

/**
 * A moment for operators, by the clock of the store: `15:30:00 UTC`, with its date when that is another day than today's.
 *
 * @param at epoch milliseconds
 */
export function clockText(at: number, now: number): string {
  const [date, time] = [dateOf(at), new Date(at).toISOString().slice(DATE_LENGTH + 1, -5)]
  return date === dateOf(now) ? `${time} UTC` : `${date} ${time} UTC`
}

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, DATE_LENGTH)

/** A moment that is past, with how long ago that is: `15:30:00 UTC, 2 minutes ago`. */
export const pastText = (at: number, now: number): string => `${clockText(at, now)}, ${relativeTime(at, now)}`

const UNITS: readonly [unit: string, ms: number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** A span in its largest whole unit: `5 minutes`; below a second, `0 seconds`. */
export function spanText(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? ['second', 1_000]
  const count = Math.floor(ms / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
