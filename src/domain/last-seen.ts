import { coarseWord, daysBetween, isCoarse } from './coarse.ts'
import { isPresent, type Status } from './status.ts'

const UNITS: readonly [unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

const STATUS_WORDS: Record<Status, string> = {
  online: 'online now',
  away: 'away',
  dnd: 'do not disturb',
  offline: 'offline',
}

// Making a formatter costs far more than using one.
const formatters = new Map<string, Intl.RelativeTimeFormat>()

function formatter(locale: string): Intl.RelativeTimeFormat {
  const known = formatters.get(locale)
  if (known) return known
  const made = new Intl.RelativeTimeFormat(isLocale(locale) ? locale : 'en', { numeric: 'auto' })
  formatters.set(locale, made)
  return made
}

/** Locales often come from outside, such as a header: what is none must not break a page (R52). */
function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}

/**
 * Words for when somebody was here: "online now", "last seen 5 minutes ago", or "offline" when it is not known. A
 * language other than English gets the relative time alone, as Intl words it.
 *
 * @param lastSeenAt epoch milliseconds, or null
 */
export function lastSeenText(status: Status, lastSeenAt: number | null, now: number, locale = 'en'): string {
  if (isPresent(status) || lastSeenAt === null) return STATUS_WORDS[status]
  const relative = timeText(lastSeenAt, now, locale)
  return locale.startsWith('en') ? `last seen ${relative}` : relative
}

/**
 * Words for a last seen, without saying whose: those of its bucket for one that is coarse (R38), else the time that has passed. Intl has
 * no word for "recently" or "long ago": other languages get days or weeks.
 *
 * @param at epoch milliseconds
 */
export function timeText(at: number, now: number, locale = 'en'): string {
  if (!isCoarse(at)) return relativeTime(at, now, locale)
  if (locale.startsWith('en')) return coarseWord(at, now)
  const days = Math.max(0, daysBetween(at, now))
  return days < 7 ? formatter(locale).format(-days, 'day') : formatter(locale).format(-Math.floor(days / 7), 'week')
}

/**
 * "5 minutes ago" or "just now", as Intl words it in the language; a moment still to come, by a clock that runs ahead,
 * is now.
 *
 * @param at epoch milliseconds
 */
export function relativeTime(at: number, now: number, locale = 'en'): string {
  const elapsed = Math.max(0, now - at)
  for (const [unit, ms] of UNITS) {
    if (elapsed >= ms) return formatter(locale).format(-Math.floor(elapsed / ms), unit)
  }
  return locale.startsWith('en') ? 'just now' : formatter(locale).format(0, 'second')
}
