import type { Judged, Outcome } from '../outcome.ts'

const HEAD = ['bench', 'measured', 'median (min–max)', 'target', 'further goal', '']

/** The results as a Markdown table, a line for each promise. */
export function markdownTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(({ id, title, sides, verdicts }) =>
    verdicts.map((verdict) => [
      `${id.toUpperCase()} ${title}`,
      verdict.as === 'ours' ? verdict.name : `${verdict.name}, ${wording(verdict)} ${sides.reference}`,
      spreadText(verdict),
      `≤ ${withUnit(verdict.target, verdict)}`,
      verdict.goal === undefined ? '–' : `≤ ${withUnit(verdict.goal, verdict)}`,
      wordOf(verdict),
    ]),
  )
  return alignColumns([HEAD, HEAD.map(() => '-'), ...rows])
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
