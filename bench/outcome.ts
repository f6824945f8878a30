import type { Bench, Sample, StoreKind, Verdict } from './bench.ts'
import { differences, ratios, type Spread, spreadOf } from './statistics.ts'

/** A promise beside what was measured. The median decides. */
export interface Judged extends Verdict {
  /** Null when what was measured says nothing: that is no promise kept. */
  readonly spread: Spread | null
  readonly met: boolean
  readonly goalMet: boolean | null
}

/** What a bench said of ours on one store. */
export interface Outcome {
  readonly store: StoreKind
  readonly id: string
  readonly title: string
  readonly sides: { readonly ours: string; readonly reference: string }
  readonly repetitions: number
  readonly verdicts: readonly Judged[]
  /** Every repetition, in the order measured. */
  readonly samples: { readonly ours: readonly Sample[]; readonly reference: readonly Sample[] }
}

export function judge(
  bench: Bench,
  ours: readonly Sample[],
  reference: readonly Sample[],
  store: StoreKind = 'memory',
): Outcome {
  const { id, title } = bench
  return {
    store,
    id,
    title,
    sides: { ours: bench.ours.name, reference: bench.reference.name },
    repetitions: ours.length,
    verdicts: bench.verdicts.map((verdict) => judgeOne(verdict, ours, reference)),
    samples: { ours, reference },
  }
}

function judgeOne(verdict: Verdict, ours: readonly Sample[], reference: readonly Sample[]): Judged {
  const { target, goal } = verdict
  const spread = measured(verdict, ours, reference)
  const atMost = (limit: number) => spread !== null && spread.median <= limit
  return { ...verdict, spread, met: atMost(target), goalMet: goal === undefined ? null : atMost(goal) }
}

function measured(verdict: Verdict, ours: readonly Sample[], reference: readonly Sample[]): Spread | null {
  const own = quantity(ours, verdict.of)
  if (verdict.as === 'ours') return spreadOrNull(own)
  const other = quantity(reference, verdict.of)
  if (verdict.as === 'difference') return spreadOrNull(differences(own, other))
  try {
    return spreadOrNull(ratios(own, other))
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

const spreadOrNull = (values: readonly number[]): Spread | null =>
  values.every(Number.isFinite) ? spreadOf(values) : null

function quantity(samples: readonly Sample[], name: string): number[] {
  return samples.map((sample) => {
    const value = sample[name]
    if (value === undefined) throw new Error(`Nobody measured ${name}`)
    return value
  })
}
