import type { World } from './world.ts'

/** What one side measured in one repetition: quantities by name. */
export type Sample = Readonly<Record<string, number>>

/** What is promised of a quantity, and how it is compared. */
export interface Verdict {
  readonly name: string
  /** Which quantity of the samples. */
  readonly of: string
  /**
   * `ratio`: ours / reference. `difference`: ours - reference. `ours`: ours alone.
   */
  readonly as: 'ratio' | 'difference' | 'ours'
  readonly unit: string
  /** At most this. */
  readonly target: number
  /** The further goal, where there is one. */
  readonly goal?: number
}

/** Where a presence system keeps its live truth. */
export const STORES = ['memory', 'redis'] as const
export type StoreKind = (typeof STORES)[number]

export interface Side {
  readonly name: string
  run(world: World): Promise<Sample>
}

/** One bench: two sides that do the same work in turn, and what is promised of them. */
export interface Bench {
  readonly id: string
  readonly title: string
  readonly ours: Side
  readonly reference: Side
  readonly verdicts: readonly Verdict[]
  /** On which stores ours runs. @default all */
  readonly stores?: readonly StoreKind[]
}
