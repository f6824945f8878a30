import { parseArguments } from './arguments.ts'
import { judge, type Outcome } from './outcome.ts'
import type { Bench, Sample } from './bench.ts'
import { createProgress, type Progress } from './progress.ts'
import { writeReport } from './report/write-report.ts'
import { markdownTable } from './report/table.ts'
import { openWorld, type World } from './world.ts'

const settings = parseArguments(process.argv.slice(2))
const progress = createProgress(settings.benches.length * settings.repetitions * 2)
const world = await openWorld({ quick: settings.quick, full: settings.full, say: progress.say })
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    progress.end('stopped')
    void world.close().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143))
  })
}

try {
  const outcomes: Outcome[] = []
  for (const bench of settings.benches) outcomes.push(await runBench(world, bench, settings.repetitions, progress))
  progress.end('done')
  process.stdout.write(`\n${markdownTable(outcomes)}\n`)
  await writeReport(outcomes, settings)
  const missed = outcomes.flatMap(({ verdicts }) => verdicts.filter(({ met }) => !met))
  if (settings.check && missed.length > 0) process.exitCode = 1
} catch (error) {
  progress.end('failed')
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
} finally {
  await world.close()
}

/** Both sides in turn, so that what the machine does meanwhile happens to both. */
async function runBench(world: World, bench: Bench, repetitions: number, { step }: Progress): Promise<Outcome> {
  const samples: Record<'ours' | 'reference', Sample[]> = { ours: [], reference: [] }
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const side of ['ours', 'reference'] as const) {
      step(`${bench.id.toUpperCase()} ${bench.title}: ${bench[side].name}, ${repetition} of ${repetitions}`)
      samples[side].push(await bench[side].run(world))
    }
  }
  return judge(bench, samples.ours, samples.reference)
}
