import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from '../outcome.ts'
import { ratioPlot } from './plot.ts'
import { markdownTable } from './table.ts'

/** Where and how something was measured: without it numbers mean little. */
interface Circumstances {
  readonly quick: boolean
  readonly cpus: string
  readonly memoryGb: number
  readonly system: string
  readonly node: string
}

/** Writes `results.json`, `results.md` and `ratios.svg` into a folder. */
export async function writeReport(outcomes: readonly Outcome[], folder: string, quick: boolean): Promise<void> {
  const circumstances = {
    quick,
    cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
  }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'results.json'), `${JSON.stringify({ circumstances, outcomes }, null, 2)}\n`)
  await writeFile(join(folder, 'results.md'), page(outcomes, circumstances))
  await writeFile(join(folder, 'ratios.svg'), ratioPlot(outcomes))
}

function page(outcomes: readonly Outcome[], { quick, cpus: cores, memoryGb, system, node }: Circumstances): string {
  const repetitions = [...new Set(outcomes.map((outcome) => outcome.repetitions))].join(' or ')
  return [
    '# Results of the benches',
    '',
    'Written by `npm run bench -- --publish`; what each bench does is in [bench/README.md](../../bench/README.md).',
    ...(quick ? ['', '**From a quick run: it shows that the benches work, and little else.**'] : []),
    '',
    `${cores}, ${memoryGb} GB, ${system}, Node ${node}; each side in turn, repetitions: ${repetitions}.`,
    '',
    '![Ratios beside their targets](ratios.svg)',
    '',
    markdownTable(outcomes),
    '',
  ].join('\n')
}
