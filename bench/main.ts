import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchSettings, parseArguments } from './arguments.ts'
import { type Bench, type Sample, STORES, type StoreKind } from './bench.ts'
import { COST_STEPS, costsTable, measureCosts, writeCosts } from './costs.ts'
import { runDrill } from './drill/drill.ts'
import { drillReport } from './drill/outcome.ts'
import { newsSteps, newsTable, runNews } from './news/news.ts'
import { judge, type Outcome } from './outcome.ts'
import { createProgress, type Progress } from './progress.ts'
import { markdownTable } from './report/table.ts'
import { writeReport } from './report/write-report.ts'
import { soak, soakTable } from './soak.ts'
import { openWorld, type World } from './world.ts'

try {
  process.exitCode = await main(parseArguments(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/** @returns the exit code */
async function main(settings: BenchSettings): Promise<number> {
  const { benches, repetitions, soakMinutes, costs } = settings
  if (settings.news) return await compareNews(settings)
  if (settings.drillUsers !== null) return await runOneDrill(settings.drillUsers, settings)
  const sides = benches.reduce((sum, bench) => sum + storesOf(bench, settings).length + 1, 0)
  const progress = createProgress(costs ? COST_STEPS : soakMinutes === null ? sides * repetitions : 1)
  const world = await openWorld({ quick: settings.quick, full: settings.full, say: progress.say })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      progress.end('stopped')
      void world.close().finally(() => process.exit(code))
    })
  }
  try {
    if (costs) return await runCosts(world, settings, progress)
    const met =
      soakMinutes === null ? await runAll(world, settings, progress) : await runSoak(world, settings, progress)
    return settings.check && !met ? 1 : 0
  } catch (error) {
    progress.end('failed')
    throw error
  } finally {
    await world.close()
  }
}

/** @returns whether every target was met */
async function runAll(world: World, settings: BenchSettings, progress: Progress): Promise<boolean> {
  const outcomes: Outcome[] = []
  for (const bench of settings.benches) {
    const stores = storesOf(bench, settings)
    if (stores.length > 0) outcomes.push(...(await runBench(world, bench, stores, settings.repetitions, progress)))
    // Written as it comes: what was measured outlives a bench that fails later.
    await writeReport(outcomes, settings.out, settings.quick)
  }
  progress.end('done')
  process.stdout.write(`\n${markdownTable(outcomes)}\n\nWritten to ${settings.out}\n`)
  return outcomes.every(({ verdicts }) => verdicts.every(({ met }) => met))
}

function storesOf({ stores = STORES }: Bench, settings: BenchSettings): StoreKind[] {
  return stores.filter((store) => settings.stores.includes(store))
}

/** All sides in turn, so that what the machine does meanwhile happens to each. */
async function runBench(
  world: World,
  bench: Bench,
  stores: readonly StoreKind[],
  repetitions: number,
  { step }: Progress,
): Promise<Outcome[]> {
  const ours: Record<StoreKind, Sample[]> = { memory: [], redis: [] }
  const reference: Sample[] = []
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const say = (name: string) =>
      step(`${bench.id.toUpperCase()} ${bench.title}: ${name}, ${repetition} of ${repetitions}`)
    for (const store of stores) {
      say(`${bench.ours.name} (${store})`)
      ours[store].push(await bench.ours.run(world.on(store)))
    }
    say(bench.reference.name)
    reference.push(await bench.reference.run(world.on(stores[0] ?? 'memory')))
  }
  return stores.map((store) => judge(bench, ours[store], reference, store))
}

/** @returns the exit code */
async function runCosts(world: World, { out }: BenchSettings, progress: Progress): Promise<number> {
  const costs = await measureCosts(world, progress.step)
  progress.end('done')
  const file = await writeCosts(costs, out)
  process.stdout.write(`\n${costsTable(costs)}\n\nWritten to ${file}\n`)
  return 0
}

/** @returns the exit code */
async function compareNews({ out, quick }: BenchSettings): Promise<number> {
  const progress = createProgress(newsSteps(quick))
  const results = await runNews(quick, out, progress.step)
  progress.end('done')
  process.stdout.write(`\n${newsTable(results)}\n\nWritten to ${out}\n`)
  return 0
}

/** @returns the exit code */
async function runOneDrill(users: number, { out }: BenchSettings): Promise<number> {
  const progress = createProgress(1)
  progress.step('Drill')
  // What it started ends with this process, by its ids.
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
  const outcome = await runDrill(users, out, progress.say)
  progress.end('done')
  process.stdout.write(`\n${drillReport(outcome)}\n\nWritten to ${out}\n`)
  return outcome.checks.every(({ isMet }) => isMet) ? 0 : 1
}

async function runSoak(world: World, settings: BenchSettings, progress: Progress): Promise<boolean> {
  progress.step('Soak')
  const outcome = await soak(world, settings.soakMinutes ?? 0)
  progress.end('done')
  process.stdout.write(`\n${soakTable(outcome)}\n`)
  await mkdir(settings.out, { recursive: true })
  await writeFile(join(settings.out, 'soak.json'), `${JSON.stringify(outcome, null, 2)}\n`)
  return outcome.flat
}
