import { linearRegression } from 'simple-statistics'

/** What the server held after so many inputs, its garbage collected. */
export interface HeapSample {
  readonly inputs: number
  readonly bytes: number
}

/** Share of a run after which caches are warm and code is compiled: what is held before says nothing of a trend. */
const WARM_UP = 0.25
/** Growth from warm to the end that is no trend yet: it stays the same however long the run. */
const NOISE_BYTES = 6 * 1_048_576
/** And for each input: what is kept of one for good is more than that. */
const BYTES_AN_INPUT = 64

/** How much was held at the end of the trend beyond its beginning, fitted through all looks after the warm-up. */
export function trendOf(samples: readonly HeapSample[]): { readonly inputs: number; readonly bytes: number } {
  const last = samples.at(-1)?.inputs ?? 0
  const warm = samples.filter(({ inputs }) => inputs >= WARM_UP * last)
  const inputs = last - (warm[0]?.inputs ?? last)
  if (warm.length < 3) return { inputs, bytes: 0 }
  return { inputs, bytes: linearRegression(warm.map((sample) => [sample.inputs, sample.bytes])).m * inputs }
}

/** @returns what is to be said of memory that grows with the number of inputs, or null */
export function growthOf(samples: readonly HeapSample[]): string | null {
  const { inputs, bytes } = trendOf(samples)
  if (bytes <= NOISE_BYTES + BYTES_AN_INPUT * inputs) return null
  const mib = samples.map((sample) => `${sample.inputs}: ${(sample.bytes / 1_048_576).toFixed(1)}`).join(', ')
  return `memory grew by ${Math.round(bytes / Math.max(1, inputs))} bytes an input (MiB held after so many inputs: ${mib})`
}
