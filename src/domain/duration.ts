const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Longest duration a filter takes: 90 days. */
export const MAX_DURATION_MS = 90 * 86_400_000

/** Milliseconds of `30s`, `15m`, `1h` or `7d`, or null when the text is not such a duration (at most 90d). */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text)
  if (!match) return null
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN)
  return ms <= MAX_DURATION_MS ? ms : null
}
