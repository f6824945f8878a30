import { useEffect, useId, useRef, useState } from 'react'
import uPlot from 'uplot'
import { NOTHING } from '../words.ts'
import { plotOptions } from './plot-options.ts'
import { useDark } from './use-dark.ts'

/** One line of a plot, told apart by its dashes as well as by its colour. */
export interface Line {
  readonly label: string
  /** Name of the custom property that holds its colour. */
  readonly colour: string
  readonly dashed: boolean
  readonly values: readonly (number | null)[]
}

export interface PlotProps {
  readonly title: string
  /** Seconds since 1970. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly word: (value: number) => string
  /** The least that the top of the scale is. */
  readonly top: number
}

/** A plot over time. What it shows is in words beside it, for whoever does not see it. */
export function Plot({ title, times, lines, word, top }: PlotProps) {
  const titleId = useId()
  const [at, setAt] = useState<number | null>(null)
  const place = useRef<HTMLDivElement>(null)
  useDrawn(place, { times, lines, word, top, onPoint: setAt })
  const index = at !== null && at < times.length ? at : times.length - 1
  return (
    <figure className="plot" aria-labelledby={titleId}>
      <figcaption>
        <h3 id={titleId}>{title}</h3>
        <ul className="plot-legend">
          {lines.map((line) => (
            <li key={line.label}>
              <svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
                <path
                  d="M0 4h24"
                  stroke={`var(${line.colour})`}
                  strokeWidth="2.5"
                  strokeDasharray={line.dashed ? '5 3' : undefined}
                />
              </svg>
              {line.label} <strong>{wordAt(line, index, word)}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={place} className="plot-place" role="img" aria-label={summary(title, lines, word)} />
    </figure>
  )
}

const wordAt = ({ values }: Line, index: number, word: PlotProps['word']): string => {
  const value = values[index] ?? null
  return value === null ? NOTHING : word(value)
}

function summary(title: string, lines: readonly Line[], word: PlotProps['word']): string {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null)
    if (known.length === 0) return `${label}: nothing yet`
    return `${label}: from ${word(Math.min(...known))} to ${word(Math.max(...known))}, last ${word(known.at(-1) ?? 0)}`
  })
  return `${title} over the last minutes. ${parts.join('. ')}.`
}

type Drawn = Pick<PlotProps, 'times' | 'lines' | 'word' | 'top'> & { readonly onPoint: (index: number | null) => void }

const HEIGHT = 168

/** Keeps a canvas in the place as wide as that is, in the colours of the theme. */
function useDrawn(place: React.RefObject<HTMLDivElement | null>, drawn: Drawn): void {
  const isDark = useDark()
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(drawn)
  const { times, lines } = drawn
  useEffect(() => {
    latest.current = drawn
  })
  useEffect(() => plot.current?.setData(dataOf({ times, lines })), [times, lines])
  const shape = lines.map(({ label }) => label).join()
  useEffect(() => {
    const parent = place.current
    if (!parent) return undefined
    const made = new uPlot(
      { width: parent.clientWidth, height: HEIGHT, ...plotOptions(latest.current) },
      dataOf(latest.current),
      parent,
    )
    plot.current = made
    const follow = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: HEIGHT }))
    follow.observe(parent)
    return () => {
      follow.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [place, isDark, shape])
}

const dataOf = ({ times, lines }: Pick<Drawn, 'times' | 'lines'>): uPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => [...values]),
]
