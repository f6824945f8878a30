import * as Plot from '@observablehq/plot'
import { JSDOM } from 'jsdom'
import type { Judged, Outcome } from '../outcome.ts'

/** Readable on a white page and on a dark one. */
const COLORS = { met: '#2f81f7', missed: '#d1570a' }
const STYLE = `
  svg { color: #1f2328; --plot-background: #ffffff; font-family: system-ui, sans-serif }
  @media (prefers-color-scheme: dark) { svg { color: #e6edf3; --plot-background: #0d1117 } }
`

interface Bar {
  readonly label: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly goal: number | null
  readonly met: boolean
}

/** Every ratio beside its target, which is 1: what lies left of the line is better. */
export function ratioPlot(outcomes: readonly Outcome[]): string {
  const bars = outcomes.flatMap(({ id, store, verdicts }) =>
    verdicts
      .filter(({ as, spread }) => as === 'ratio' && spread !== null)
      .map((verdict) => barOf(store === 'redis' ? `${id} (Redis)` : id, verdict)),
  )
  const { document } = new JSDOM('').window
  const figure = Plot.plot({
    document,
    width: 760,
    marginLeft: 250,
    marginRight: 30,
    height: 70 + 34 * bars.length,
    x: { label: 'times the target (median, minimum to maximum) →', zero: true, grid: true, nice: true },
    y: { label: null, domain: bars.map(({ label }) => label) },
    marks: [
      Plot.ruleX([1], { stroke: 'currentColor', strokeWidth: 1.5 }),
      Plot.tickX(
        bars.filter(({ goal }) => goal !== null),
        {
          x: 'goal',
          y: 'label',
          stroke: 'currentColor',
          strokeDasharray: '2,2',
        },
      ),
      Plot.ruleY(bars, { x1: 'min', x2: 'max', y: 'label', stroke: colorOf, strokeWidth: 3 }),
      Plot.dot(bars, { x: 'median', y: 'label', fill: colorOf, r: 6 }),
    ],
  })
  figure.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  const style = document.createElementNS('http://www.w3.org/2000/svg', 'style')
  style.textContent = STYLE
  figure.append(style)
  return `${figure.outerHTML}\n`
}

const colorOf = ({ met }: Bar): string => (met ? COLORS.met : COLORS.missed)

function barOf(id: string, { name, spread, target, goal, met }: Judged): Bar {
  const { median, min, max } = spread ?? { median: 0, min: 0, max: 0 }
  const label = `${id.replace(/^b/, 'B')} ${name}`
  return {
    label,
    median: median / target,
    min: min / target,
    max: max / target,
    goal: goal === undefined ? null : goal / target,
    met,
  }
}
