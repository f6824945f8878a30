import type { Status } from '../presence/wire.ts'

export const STATUS_WORDS: Record<Status, string> = {
  online: 'online',
  away: 'away',
  dnd: 'do not disturb',
  offline: 'offline',
}

// Making a formatter costs far more than using one.
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

const UNITS: readonly [unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** "5 minutes ago"; a moment that is still to come, by a clock that runs ahead, is "just now". */
export function agoWords(at: number, now: number): string {
  const elapsed = Math.max(0, now - at)
  for (const [unit, ms] of UNITS) if (elapsed >= ms) return relative.format(-Math.floor(elapsed / ms), unit)
  return 'just now'
}

/** "online", "last seen 5 minutes ago", or "offline" when nobody may know since when. */
export function presenceWords(status: Status, lastSeen: string | null, now: number): string {
  if (status !== 'offline' || lastSeen === null) return STATUS_WORDS[status]
  return `last seen ${agoWords(Date.parse(lastSeen), now)}`
}

/** A character that resembles the mark, for where only text fits: the title of a tab. */
export const TITLE_MARKS: Record<Status, string> = { online: '●', away: '☾', dnd: '⊖', offline: '○' }
