/** How long a choice lasts. */
export const DURATIONS = ['half-hour', 'hour', 'tomorrow', 'open'] as const
export type Duration = (typeof DURATIONS)[number]

export const DURATION_WORDS: Record<Duration, string> = {
  'half-hour': 'for 30 minutes',
  hour: 'for 1 hour',
  tomorrow: 'until tomorrow',
  open: 'until I change it',
}

/** "Tomorrow" begins when people get up, not at midnight: who works late does not want to be "home" at 00:00. */
const MORNING_HOUR = 6

/** Seconds from now until the choice ends, or null when it has no end. */
export function secondsFor(duration: Duration, now: Date): number | null {
  if (duration === 'open') return null
  if (duration === 'half-hour') return 1_800
  if (duration === 'hour') return 3_600
  const morning = new Date(now)
  morning.setDate(morning.getDate() + 1)
  morning.setHours(MORNING_HOUR, 0, 0, 0)
  return Math.round((morning.getTime() - now.getTime()) / 1_000)
}
