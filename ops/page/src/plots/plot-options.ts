import uPlot from 'uplot'
import type { Line } from './plot.tsx'

/** Seconds that a plot shows. */
const SHOWN_S = 600

interface Needs {
  readonly lines: readonly Line[]
  readonly word: (value: number) => string
  readonly top: number
  /** Hears which sample the pointer is at; null: none. */
  readonly onPoint: (index: number | null) => void
}

/** How a plot is drawn, in the colours that the page has now. */
export function plotOptions({ lines, word, top, onPoint }: Needs): Omit<uPlot.Options, 'width' | 'height'> {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const font = `12px ${style.getPropertyValue('--font').trim() || 'sans-serif'}`
  const axis = { stroke: colour('--ink-quiet'), font, ticks: { show: false } }
  const grid = { stroke: colour('--line'), width: 1 }
  return {
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'UTC'),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { range: (_plot, _min, max) => [max - SHOWN_S, max] },
      y: { range: (_plot, _min, max) => [0, Math.max(top, max * 1.1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 64, values: (_plot, at) => at.map(minuteOf) },
      { ...axis, grid, size: 64, space: 32, values: (_plot, at) => at.map(word) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 2,
        ...(line.dashed && { dash: [5, 3] }),
        // Seconds in which nothing changed have no delay: the line goes on where there is one again.
        spanGaps: true,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  }
}

const minuteOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(11, 16)
