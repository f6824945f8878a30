// In code a moment is epoch milliseconds, in SQL a timestamptz. Both directions keep every millisecond.

/** A timestamptz from an SQL expression of epoch milliseconds; null stays null. */
export const fromMs = (expression: string): string => `to_timestamp(${expression}::float8 / 1000)`

/** Whole epoch milliseconds, as float8, from an SQL expression of a timestamptz; null stays null. */
export const toMs = (expression: string): string => `floor(extract(epoch from ${expression}) * 1000)::float8`
