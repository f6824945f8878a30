/** The time of an ISO moment, by the clock of the store: `13:05:12 UTC`. */
export const clock = (iso: string): string => `${iso.slice(11, 19)} UTC`

/** A span: `12 ms`, `1.2 s`, `3 min`. */
export function span(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${Math.round(ms / 60_000)} min`
}

/** Whole numbers with their thousands, small ones with one digit behind the point. */
export const amount = (value: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: value < 10 && !Number.isInteger(value) ? 1 : 0 })

/** What stands for what is not known. */
export const NOTHING = '–'

export const orNothing = (value: number | null, word: (value: number) => string): string =>
  value === null ? NOTHING : word(value)
