import type { Bench, Sample, Verdict } from './bench.ts'
import { differences, ratios, type Spread, spreadOf } from './statistics.ts'

/** A promise beside what was measured. The median decides. */
export interface Judged extends Verdict, Spread {
  readonly met: boolean
  readonly goalMet: boolean | null
}

export interface Outcome {
  readonly id: string
  readonly title: string
  readonly sides: { readonly ours: string; readonly reference: string }
  readonly repetitions: number
  readonly verdicts: readonly Judged[]
  /** Every repetition, in the order measured. */
  readonly samples: { readonly ours: readonly Sample[]; readonly reference: readonly Sample[] }
}

export function judge(bench: Bench, ours: readonly Sample[], reference: readonly Sample[]): Outcome {
  const { id, title } = bench
  return {
    id,
    title,
    sides: { ours: bench.ours.name, reference: bench.reference.name },
    repetitions: ours.length,
    verdicts: bench.verdicts.map((verdict) => judgeOne(verdict, ours, reference)),
    samples: { ours, reference },
  }
}

function judgeOne(verdict: Verdict, ours: readonly Sample[], reference: readonly Sample[]): Judged {
  const own = quantity(ours, verdict.of)
  const values =
    verdict.as === 'ours' ? own : (verdict.as === 'ratio' ? ratios : differences)(own, quantity(reference, verdict.of))
  const spread = spreadOf(values)
  const { target, goal } = verdict
  return {
    ...verdict,
    ...spread,
    met: spread.median <= target,
    goalMet: goal === undefined ? null : spread.median <= goal,
  }
}

function quantity(samples: readonly Sample[], name: string): number[] {
  return samples.map((sample) => {
    const value = sample[name]
    if (value === undefined) throw new Error(`Nobody measured ${name}`)
    return value
  })
}
