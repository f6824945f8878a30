import { parseArgs } from 'node:util'
import type { Bench } from './bench.ts'
import { BENCHES } from './benches.ts'

export interface BenchSettings {
  readonly benches: readonly Bench[]
  readonly repetitions: number
  readonly quick: boolean
  readonly full: boolean
  /** Ends with 1 when a target is missed. */
  readonly check: boolean
  /** Where the results go; null: nowhere. */
  readonly out: string | null
}

const REPETITIONS = 3

/** @throws Error with a sentence for people */
export function parseArguments(args: readonly string[]): BenchSettings {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      reps: { type: 'string' },
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  })
  const wanted = positionals.map((name) => name.toLowerCase())
  const unknown = wanted.filter((name) => !BENCHES.some(({ id }) => id === name))
  if (unknown.length > 0) {
    throw new Error(`There is no bench ${unknown.join(', ')}; there are ${BENCHES.map(({ id }) => id).join(', ')}`)
  }
  const { quick, full, check } = values
  return {
    benches: wanted.length === 0 ? BENCHES : BENCHES.filter(({ id }) => wanted.includes(id)),
    repetitions: countOf(values.reps) ?? (quick ? 1 : REPETITIONS),
    quick,
    full,
    check,
    out: values.out ?? null,
  }
}

function countOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (!/^[1-9]\d?$/.test(text)) throw new Error(`--reps is a whole number from 1 to 99, not "${text}"`)
  return Number(text)
}
