import { STORES, type StoreKind } from '../bench.ts'
import type { Judged, Outcome } from '../outcome.ts'

const HEADS: Record<StoreKind, string> = { memory: 'in memory: median (min–max)', redis: 'on Redis: median (min–max)' }

/** The results as a Markdown table, a line for each promise, the stores that were measured side by side. */
export function markdownTable(outcomes: readonly Outcome[]): string {
  const stores = STORES.filter((store) => outcomes.some((outcome) => outcome.store === store))
  const head = ['bench', 'measured', ...stores.map((store) => HEADS[store]), 'target', 'further goal']
  const benches = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
  const rows = [...benches.values()].flatMap(({ id, title, sides, verdicts }) =>
    verdicts.map((verdict, line) => [
      `${id.toUpperCase()} ${title}`,
      verdict.as === 'ours' ? verdict.name : `${verdict.name}, ${wording(verdict)} ${sides.reference}`,
      ...stores.map((store) => {
        const judged = outcomes.find((outcome) => outcome.id === id && outcome.store === store)?.verdicts[line]
        return judged ? `${spreadText(judged)} ${wordOf(judged)}` : '–'
      }),
      `≤ ${withUnit(verdict.target, verdict)}`,
      verdict.goal === undefined ? '–' : `≤ ${withUnit(verdict.goal, verdict)}`,
    ]),
  )
  return alignColumns([head, head.map(() => '-'), ...rows])
}

const spreadText = (verdict: Judged): string =>
  verdict.spread === null
    ? 'says nothing'
    : `${withUnit(verdict.spread.median, verdict)} (${number(verdict.spread.min)}–${number(verdict.spread.max)})`

function wordOf({ spread, met, goalMet }: Judged): string {
  if (spread === null) return '**not measured**'
  return goalMet ? 'goal met' : met ? 'met' : '**missed**'
}

const wording = ({ as }: Judged): string => (as === 'ratio' ? 'ours /' : 'ours −')

const withUnit = (value: number, { unit }: Judged): string => `${number(value)}${unit === '' ? '' : ` ${unit}`}`

/** Three digits are more than a benchmark knows. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '?'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

/** Pads a table so that it also reads well as plain text. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (cell === '-' ? '-' : cell).padEnd(widths[column] ?? 0, cell === '-' ? '-' : ' ')).join(' | ')} |`
  return rows.map(line).join('\n')
}
