import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../src/telemetry/metrics.ts'

const DEPLOY = join(import.meta.dirname, '../deploy')
const read = (file: string): string => readFileSync(join(DEPLOY, file), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string }
}
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}

/** A metric as prom-client keeps it. */
interface Labelled {
  readonly name?: string
  readonly labelNames?: readonly string[]
}

const rules = (parse(read('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
)
const panels = (JSON.parse(read('grafana/porchlight.json')) as Dashboard).panels
const asked: [title: string, expr: string][] = [
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }): [string, string] => [title, expr])),
]

/** What Prometheus stores for each metric of a node, and the labels that we give it. */
async function stored(): Promise<Map<string, readonly string[]>> {
  const metrics = createMetrics({ process: true })
  const labelled = new Map(Object.values(metrics).map(({ name, labelNames }: Labelled) => [name, labelNames]))
  const series = new Map<string, readonly string[]>()
  for (const [, name = '', type] of (await metrics.text()).matchAll(/^# TYPE (\w+) (\w+)/gm)) {
    const labelNames = labelled.get(name) ?? []
    series.set(name, labelNames)
    if (type === 'histogram') {
      for (const part of ['count', 'sum']) series.set(`${name}_${part}`, labelNames)
      series.set(`${name}_bucket`, [...labelNames, 'le'])
    }
  }
  return series
}

/** Names of one kind in an expression, and whether it can be read at all. */
function namesIn(expr: string): { readonly metrics: string[]; readonly labels: string[]; readonly isWrong: boolean } {
  // Grafana's own, which it replaces by a span of time.
  const words = expr.replaceAll('$__rate_interval', '5m')
  const [metrics, labels]: [string[], string[]] = [[], []]
  let isWrong = false
  parser.parse(words).iterate({
    enter({ name, type, from, to }) {
      if (type.isError) isWrong = true
      if (name === 'Identifier') metrics.push(words.slice(from, to))
      if (name === 'LabelName') labels.push(words.slice(from, to))
    },
  })
  return { metrics, labels, isWrong }
}

describe('alerts and dashboard', async () => {
  const series = await stored()

  test.each(asked)('%s asks for what there is: %s', (_title, expr) => {
    const { metrics, labels, isWrong } = namesIn(expr)
    expect(isWrong).toBe(false)
    expect(metrics.length).toBeGreaterThan(0)
    expect(metrics.filter((name) => !series.has(name))).toEqual([])
    // Where it was read from, Prometheus itself adds.
    const known = new Set(['instance', ...metrics.flatMap((name) => series.get(name) ?? [])])
    expect(labels.filter((name) => !known.has(name))).toEqual([])
  })

  test('every alert has a word for whoever is woken up', () => {
    for (const { labels, annotations } of rules) {
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(annotations.summary.length).toBeGreaterThan(20)
    }
  })

  test('the dashboard shows every metric that says how the system does', () => {
    const shown = new Set(
      asked.flatMap(([, expr]) => namesIn(expr).metrics.map((name) => name.replace(/_(bucket|count)$/, ''))),
    )
    const ours = [...series.keys()].filter((name) => /^porchlight_.*(seconds|up|open|lag_seconds)$/.test(name))
    expect(ours.length).toBeGreaterThan(5)
    expect(ours.filter((name) => !shown.has(name))).toEqual([])
  })
})
