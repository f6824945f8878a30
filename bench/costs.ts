import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { join } from 'node:path'
import { readAssumptions } from '../src/capacity/assumptions.ts'
import { planCapacity } from '../src/capacity/plan.ts'
import { planReport, slotsReport } from '../src/capacity/report.ts'
import { COST_NAMES, COSTS, type MeasuredCosts, SCALE_NAMES, SCALES } from '../src/capacity/unit-costs.ts'
import { fillPage } from './report/fill-page.ts'
import { alignColumns, number } from './report/table.ts'
import { measureFleet } from './work/costs-fleet.ts'
import { measureNode } from './work/costs-node.ts'
import { measurePostgres } from './work/costs-postgres.ts'
import { startRedis } from './processes/redis.ts'
import type { World } from './world.ts'

/** Pieces of work, for whoever shows progress. */
export const COST_STEPS = 3

const FILE = 'costs.json'
/** Beside the folder into which results are published. */
const PAGE = 'scaling.md'
const EXAMPLE_USERS = '5000000'

/** Measures what one of each thing costs, on real processes (`porchlight capacity` turns it into machines). */
export async function measureCosts(world: World, step: (what: string) => void): Promise<MeasuredCosts> {
  step('PostgreSQL, statement by statement')
  const postgres = await measurePostgres(world)
  const redis = await startRedis()
  try {
    step('One node and its Redis')
    const node = await measureNode(world, redis)
    step('Several nodes and their Redis')
    const fleet = await measureFleet(world, redis)
    const cores = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
    return {
      costs: sound({ ...node.costs, ...fleet.costs, ...postgres.costs }),
      check: node.check,
      scales: {
        connections: node.connections,
        nodes: fleet.nodes,
        changesPerSecond: fleet.changesPerSecond,
        deliveriesPerSecond: node.deliveriesPerSecond,
        redisUsers: fleet.redisUsers,
        storedUsers: postgres.storedUsers,
        rowsPerSecond: postgres.rowsPerSecond,
      },
      circumstances: `${new Date().toISOString().slice(0, 10)}, ${cores}, ${type()} ${release()}, Node ${process.version}`,
      quick: world.quick,
    }
  } finally {
    await redis.end()
  }
}

/** @throws Error naming what was smaller than the noise around it */
function sound(costs: MeasuredCosts['costs']): MeasuredCosts['costs'] {
  const lost = COST_NAMES.filter((name) => !(costs[name] > 0))
  if (lost.length === 0) return costs
  throw new Error(`${lost.join(', ')}: lost in noise. Measure again on a machine that does nothing else.`)
}

/** Written to `costs.json`; where they are published, also into the page that explains them. @returns the name of the file */
export async function writeCosts(measured: MeasuredCosts, folder: string): Promise<string> {
  const rounded = (values: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value.toPrecision(4))]))
  const { costs, scales, check, circumstances, quick } = measured
  const content = { circumstances, quick, scales: rounded(scales), check: rounded({ ...check }), costs: rounded(costs) }
  const file = join(folder, FILE)
  await mkdir(folder, { recursive: true })
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  const page = join(folder, '..', PAGE)
  if (existsSync(page)) await explain(page, measured)
  return file
}

/** Puts what was measured, and an example calculated with it, between the marks of the page. */
async function explain(page: string, measured: MeasuredCosts): Promise<void> {
  const assumed = readAssumptions({ users: EXAMPLE_USERS })
  const parts = {
    costs: costsTable(measured),
    plan: ['```', planReport(planCapacity(assumed, measured), assumed, measured), '```'].join('\n'),
    slots: slotsReport(Array.from({ length: 1_000_000 }, () => randomUUID())),
  }
  await fillPage(page, parts)
}

/** The costs as a Markdown table, and the scales they were measured at. */
export function costsTable({ costs, scales, check, circumstances, quick }: MeasuredCosts): string {
  const rows = COST_NAMES.map((name) => [`\`${name}\``, `${number(costs[name])} ${COSTS[name][0]}`, COSTS[name][1]])
  const upTo = SCALE_NAMES.map((name) => `${number(scales[name])} ${SCALES[name]}`).join(', ')
  const head = ['cost', 'measured', 'of what']
  const doubt = quick ? '**From a quick run: these numbers say little.**\n\n' : ''
  const table = alignColumns([head, head.map(() => '-'), ...rows])
  return [`${doubt}${circumstances}; with ${upTo}.`, table, checkText(check)].join('\n\n')
}

/** How well the costs add up. */
function checkText(check: MeasuredCosts['check']): string {
  const share = (measured: number, expected: number): string =>
    `${number(measured / 10)} % of a core where they add up to ${number(expected / 10)} % (${number(measured / expected)} ×)`
  const node = share(check.nodeMeasuredMs, check.nodeExpectedMs)
  const redis = share(check.redisMeasuredMs, check.redisExpectedMs)
  return `Checked by all kinds of work at once, at other paces than each was measured at: a node took ${node}, and Redis ${redis}.`
}
