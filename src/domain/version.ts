/**
 * The version after `previous`: the store's clock in microseconds, yet always growing, even when the clock steps back
 * (R7). Microseconds since 1970 stay below 2^53 until the year 2255, so a plain number holds them exactly.
 */
export const nextVersion = (previous: number, nowMs: number): number => Math.max(previous + 1, Math.floor(nowMs * 1000))

/** The moment a version was stamped, in epoch milliseconds. */
export const versionTime = (version: number): number => Math.floor(version / 1000)
