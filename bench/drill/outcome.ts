import { alignColumns, number } from '../report/table.ts'
import type { Met } from './host-load.ts'
import type { Stage } from './rollout.ts'

/** One thing that was done while the host went on. */
export interface DrillStep extends Met {
  readonly what: string
  readonly tookMs: number
  /** How often it gave way to somebody who had a table for long. */
  readonly gaveWay: number
}

/** Something that has to hold. */
export interface Check {
  readonly what: string
  readonly isMet: boolean
  readonly found: string
}

export interface DrillOutcome {
  readonly users: number
  readonly steps: readonly DrillStep[]
  readonly stages: readonly Stage[]
  /** From the kill switch until nobody was written down as present any more. */
  readonly lastWrittenMs: number
  readonly checks: readonly Check[]
}

const STEPS = [
  'meanwhile',
  'took, s',
  'statements',
  'failed',
  'p50, ms',
  'p99, ms',
  'longest, ms',
  'longest lock, ms',
  'gave way',
]
const STAGES = ['presence for', 'all nodes decide so, ms', 'watchers are told, ms', 'connected', 'present', 'lost it']
const CHECKS = ['what has to hold', 'does it', 'found']

/** Three tables: what the host met, what the rollout did, and what was checked. */
export function drillReport({ users, steps, stages, lastWrittenMs, checks }: DrillOutcome): string {
  const met = steps.map((step) => [
    step.what,
    number(step.tookMs / 1_000),
    number(step.statements),
    String(step.failed),
    ...[step.p50Ms, step.p99Ms, step.longestMs, step.lockedMs].map(number),
    String(step.gaveWay),
  ])
  const rolled = stages.map(({ what, nodesMs, watchersMs, connected, present, lost }) => [
    what,
    number(nodesMs),
    watchersMs === null ? '–' : number(watchersMs),
    number(connected),
    number(present),
    number(lost),
  ])
  const checked = checks.map(({ what, isMet, found }) => [what, isMet ? 'yes' : '**no**', found])
  const longest = Math.max(...steps.map(({ lockedMs }) => lockedMs))
  return [
    tableOf(STEPS, met),
    `${users.toLocaleString('en')} users; the longest that a statement of the host waited for a lock: ${number(longest)} ms.`,
    tableOf(STAGES, rolled),
    `After the kill switch the last row was written within ${number(lastWrittenMs)} ms.`,
    tableOf(CHECKS, checked),
  ].join('\n\n')
}

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  alignColumns([head, head.map(() => '-'), ...rows])
