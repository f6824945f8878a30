/** Middle and extremes of some measurements. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError without values */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** @throws RangeError without values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  if (upper === undefined || lower === undefined) throw new RangeError('There is no median of nothing')
  return (upper + lower) / 2
}

/** The value that this share of them does not exceed. @throws RangeError without values */
export function quantile(values: readonly number[], share: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)]
  if (value === undefined) throw new RangeError('There is no quantile of nothing')
  return value
}

/** The value that nine tenths do not exceed. @throws RangeError without values */
export const upperDecile = (values: readonly number[]): number => quantile(values, 0.9)

/**
 * Ours against the reference, each repetition with its own neighbour: what the machine did meanwhile happened to both.
 *
 * @throws RangeError when they are not equally many, or a quantity is lost in noise: then a ratio says nothing
 */
export const ratios = (ours: readonly number[], reference: readonly number[]): number[] =>
  pairs(ours, reference).map(([own, other]) => {
    if (other <= 0 || own < 0) throw new RangeError(`${own} against ${other}: the work was too small to be measured`)
    return own / other
  })

/** @throws RangeError when they are not equally many */
export const differences = (ours: readonly number[], reference: readonly number[]): number[] =>
  pairs(ours, reference).map(([own, other]) => own - other)

function pairs(ours: readonly number[], reference: readonly number[]): [number, number][] {
  if (ours.length !== reference.length) throw new RangeError(`${ours.length} against ${reference.length} repetitions`)
  return ours.map((own, index) => [own, reference[index] ?? 0])
}

/** Least-squares slope of `y` over `x`. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const under = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return under === 0 ? 0 : over / under
}
