import { ASSUMPTION_NAMES, ASSUMPTIONS, type Assumed, flagOf, showAssumption } from './assumptions.ts'
import { FARTHEST, type Figure, type Plan } from './plan.ts'
import { bucketsByShard, dealtByHand, evenness, usersByBucket } from './slots.ts'
import { type MeasuredCosts, SCALES } from './unit-costs.ts'

const PARTS: Readonly<Record<Figure['part'], string>> = {
  demand: 'What happens',
  nodes: 'Nodes',
  redis: 'Redis',
  postgres: 'PostgreSQL',
  network: 'Network',
}

/** A plan in words, for a terminal. */
export function planReport({ figures, mostChangesPerSecond }: Plan, assumed: Assumed, measured: MeasuredCosts): string {
  const assumptions = ASSUMPTION_NAMES.map((name) => {
    return [`${flagOf(name)} ${showAssumption(name, assumed[name])}`, ASSUMPTIONS[name].meaning] as const
  })
  const parts = Object.entries(PARTS).flatMap(([part, title]) => {
    const lines = figures.filter((figure) => figure.part === part).map(figureLine)
    return [`${title} at the busiest moment`, ...columns(lines), '']
  })
  return [
    'Assumed',
    ...columns(assumptions),
    '',
    ...parts,
    `Every node hears of every change: at ${shown(mostChangesPerSecond)} changes a second that alone takes all a node may use, and`,
    'more nodes do not help. Not counted: searches, the load balancer, TLS, and whatever else the host does.',
    '',
    `Unit costs: ${measured.circumstances}. All kinds of work at once took ${checked(measured)}.`,
    ...(measured.quick ? ['They come from a quick run: they show that measuring works, and little else.'] : []),
  ].join('\n')
}

const checked = ({ check }: MeasuredCosts): string =>
  `${shown(check.nodeMeasuredMs / check.nodeExpectedMs)} × what they add up to on a node, ` +
  `${shown(check.redisMeasuredMs / check.redisExpectedMs)} × in Redis`

const figureLine = (figure: Figure): readonly string[] => [
  figure.name,
  figure.value === null ? 'not told' : `${shown(figure.value)}${figure.unit === '' ? '' : ` ${figure.unit}`}`,
  basisOf(figure),
]

/** What a figure rests on, in words. */
export function basisOf({ basis, times, of }: Figure): string {
  const scale = of === null ? '' : SCALES[of]
  const words: Readonly<Record<Figure['basis'], string>> = {
    assumed: 'follows from the assumptions',
    measured: 'measured',
    extrapolated: `extrapolated, ${shown(times)} × what was measured (${scale})`,
    refused: `would be ${shown(times)} × what was measured (${scale}), beyond ${FARTHEST} ×: measure a larger system`,
  }
  return words[basis]
}

/** Three digits are more than a plan knows. */
function shown(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 })
}

function columns(rows: readonly (readonly string[])[]): string[] {
  return padded(rows).map((row) => `  ${row.join('  ')}`.trimEnd())
}

function padded(rows: readonly (readonly string[])[]): string[][] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)))
}

const SHARDS = [3, 6, 12, 24, 48] as const

/** How evenly users, buckets and slots are spread, as a Markdown table. @param userIds a sample */
export function slotsReport(userIds: Iterable<string>): string {
  const users = usersByBucket(userIds)
  const inAll = users.reduce((sum, count) => sum + count, 0)
  const spread = evenness(users)
  const rows = SHARDS.map((shards) => {
    const buckets = evenness(bucketsByShard(shards))
    const byHand = dealtByHand(shards)
    const times = (value: number): string => `${value.toFixed(2)} ×`
    return [
      `${shards}`,
      `${buckets.least} to ${buckets.most}`,
      times(buckets.imbalance),
      `${byHand.least} to ${byHand.most}`,
      times(byHand.imbalance),
    ]
  })
  const head = ['shards', 'buckets of each', 'fullest / average', 'slots dealt out by hand', 'fullest / average']
  const [names = [], ...cells] = padded([head, ...rows])
  const lines = [names, names.map((name) => '-'.repeat(name.length)), ...cells].map((row) => `| ${row.join(' | ')} |`)
  const sentence = `${shown(inAll)} random users over 256 buckets: ${spread.least} to ${spread.most} in each, the fullest ${spread.imbalance.toFixed(2)} × the average.`
  return [sentence, '', ...lines].join('\n')
}
