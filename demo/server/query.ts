const DEFAULT_LIMIT = 20
const MOST = 100

/** How many rows a caller asked for, from 1 to 100, 20 unless told; null when that is no such number. */
export function readLimit(text: unknown): number | null {
  if (text === undefined) return DEFAULT_LIMIT
  if (typeof text !== 'string' || !/^\d{1,3}$/.test(text)) return null
  const limit = Number(text)
  return limit >= 1 && limit <= MOST ? limit : null
}
