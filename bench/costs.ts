import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { join } from 'node:path'
import { COST_NAMES, COSTS, type MeasuredCosts, SCALE_NAMES, SCALES } from '../src/capacity/unit-costs.ts'
import { alignColumns, number } from './report/table.ts'
import { measureFleet } from './work/costs-fleet.ts'
import { measureNode } from './work/costs-node.ts'
import { measurePostgres } from './work/costs-postgres.ts'
import { startRedis } from './work/costs-servers.ts'
import type { World } from './world.ts'

/** Pieces of work, for whoever shows progress. */
export const COST_STEPS = 3

const FILE = 'costs.json'

/** Measures what one of each thing costs, on real processes (`porchlight capacity` turns it into machines). */
export async function measureCosts(world: World, step: (what: string) => void): Promise<MeasuredCosts> {
  step('PostgreSQL, statement by statement')
  const postgres = await measurePostgres(world)
  const redis = await startRedis()
  try {
    step('One node and its Redis')
    const node = await measureNode(world, redis)
    step('Three nodes and their Redis')
    const fleet = await measureFleet(world, redis)
    const cores = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
    return {
      costs: { ...node.costs, ...fleet.costs, ...postgres.costs },
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

/** @returns the name of the file */
export async function writeCosts(measured: MeasuredCosts, folder: string): Promise<string> {
  const rounded = (values: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value.toPrecision(4))]))
  const { costs, scales, circumstances, quick } = measured
  const content = { circumstances, quick, scales: rounded(scales), costs: rounded(costs) }
  const file = join(folder, FILE)
  await mkdir(folder, { recursive: true })
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  return file
}

/** The costs as a Markdown table, and the scales they were measured at. */
export function costsTable({ costs, scales, circumstances, quick }: MeasuredCosts): string {
  const rows = COST_NAMES.map((name) => [`\`${name}\``, `${number(costs[name])} ${COSTS[name][0]}`, COSTS[name][1]])
  const upTo = SCALE_NAMES.map((name) => `${number(scales[name])} ${SCALES[name]}`).join(', ')
  const head = ['cost', 'measured', 'of what']
  const doubt = quick ? '**From a quick run: these numbers say little.**\n\n' : ''
  return `${doubt}${circumstances}; with ${upTo}.\n\n${alignColumns([head, head.map(() => '-'), ...rows])}`
}
