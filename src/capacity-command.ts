import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import {
  ASSUMPTION_NAMES,
  ASSUMPTIONS,
  type AssumptionName,
  flagOf,
  readAssumptions,
  showAssumption,
} from './capacity/assumptions.ts'
import { planCapacity } from './capacity/plan.ts'
import { planReport, slotsReport } from './capacity/report.ts'
import { parseCosts } from './capacity/unit-costs.ts'
import { PresenceError } from './domain/errors.ts'

interface CapacityOptions extends Partial<Record<AssumptionName, string>> {
  costs: string
  json?: boolean
  slots?: boolean
}

/** Users drawn for the table of slots: enough for chance to play no part. */
const DRAWN = 1_000_000

/** Says what it takes to serve so many users, from what one of each thing was measured to cost. */
async function capacity({ costs: file, json, slots, ...given }: CapacityOptions): Promise<string> {
  if (slots) return slotsReport(Array.from({ length: DRAWN }, () => randomUUID()))
  const assumed = readAssumptions(given)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PresenceError('INVALID_OPTION', `${file} cannot be read. Measure with: npm run bench -- costs`, { cause })
  })
  const measured = parseCosts(text, file)
  const plan = planCapacity(assumed, measured)
  return json ? JSON.stringify({ assumed, ...plan, measured }, null, 2) : planReport(plan, assumed, measured)
}

/** @param costsFile unit costs as the project measured them */
export function addCapacityCommand(program: Command, costsFile: string, print: (text: string) => void): void {
  const command = program.command('capacity').description('what it takes to serve so many users')
  for (const name of ASSUMPTION_NAMES) {
    const { meaning, fallback, unit } = ASSUMPTIONS[name]
    const value = unit === 'share' ? '<percent>' : '<number>'
    const byDefault = fallback === null ? '' : ` [${showAssumption(name, fallback)}]`
    command.option(`${flagOf(name)} ${value}`, `${meaning}${byDefault}`)
  }
  command
    .option('--costs <file>', 'unit costs to calculate with', costsFile)
    .option('--json', 'as JSON, with the unit costs')
    .option('--slots', 'instead: how evenly users are spread over the shards of a Redis Cluster')
    .action(async (options: CapacityOptions) => print(await capacity(options)))
}
