import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Sequelize } from 'sequelize'
import { startEmbeddedPostgres } from '../../demo/server/embedded-postgres.ts'
import { migrateMarketplace } from '../../demo/server/schema.ts'
import { seedMarketplace } from '../../demo/server/seed.ts'
import { BATCH, type FuzzReport, fuzz } from './fuzz.ts'
import { trendOf } from './growth.ts'
import { showInput } from './inputs.ts'

const OPTIONS = {
  inputs: { type: 'string', default: '100000' },
  seed: { type: 'string' },
  limits: { type: 'string', default: 'both' },
} as const

/** Servers that are fuzzed one after the other, each with its share of the inputs. */
const SERVERS: readonly { limits: 'off' | 'on'; share: number; env: Record<string, string> }[] = [
  { limits: 'off', share: 0.9, env: {} },
  // The guests come from an address of their own.
  { limits: 'on', share: 0.1, env: { PRESENCE_RATE_LIMIT: 'on', TRUST_PROXY: 'loopback' } },
]

const { values } = parseArgs({ options: OPTIONS })
const inputs = whole('inputs', values.inputs)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : whole('seed', values.seed)

console.log(`${inputs.toLocaleString('en')} inputs from seed ${seed}`)
const home = await mkdtemp(join(tmpdir(), 'porchlight-fuzz-'))
const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: false })
try {
  await fill(postgres.url)
  for (const { limits, share, env } of SERVERS) {
    if (process.exitCode !== undefined || (values.limits !== 'both' && values.limits !== limits)) continue
    await run(limits, values.limits === 'both' ? Math.round(share * inputs) : inputs, env)
  }
} finally {
  await postgres.stop()
  await rm(home, { recursive: true, force: true })
}

async function fill(url: string): Promise<void> {
  const sequelize = new Sequelize(url, { logging: false })
  await migrateMarketplace(sequelize)
  await seedMarketplace(sequelize, { providers: 200, clients: 20 })
  await sequelize.close()
}

async function run(limits: string, count: number, env: Record<string, string>): Promise<void> {
  const began = performance.now()
  const report = await fuzz({ databaseUrl: postgres.url, env, inputs: count, seed, onInputs: progress(count) })
  endProgress()
  console.log(`\nlimits ${limits}: ${describe(report, (performance.now() - began) / 1_000)}`)
  if (report.finding === null) return
  const { finding } = report
  console.log(`\nFound: ${finding.fault}`)
  if (finding.first !== finding.fault) console.log(`At first: ${finding.first}`)
  for (const input of finding.inputs) console.log(showInput(input))
  const again = finding.inputs.length === 0 ? count : BATCH
  console.log(`\nAgain: npm run fuzz -- --inputs ${again} --seed ${finding.seed} --limits ${limits}`)
  process.exitCode = 1
}

function describe(report: FuzzReport, seconds: number): string {
  const { inputs: bytesOf, bytes } = trendOf(report.heap)
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  return [
    `${report.inputs.toLocaleString('en')} inputs in ${Math.round(seconds)} s`,
    `  sent: ${counts(report.kinds)}`,
    `  came to: ${counts(report.outcomes)}`,
    `  longest pause of the event loop: ${report.longestPauseMs.toFixed(0)} ms, at work itself ${report.longestOwnPauseMs.toFixed(0)} ms`,
    `  memory: ${report.heap.map((sample) => (sample.bytes / 1_048_576).toFixed(1)).join(' ')} MiB, ` +
      `a trend of ${bytesOf === 0 ? 0 : (bytes / bytesOf).toFixed(1)} bytes an input`,
  ].join('\n')
}

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`--${name} is a whole number, not "${text}"`)
}

/** On a terminal a bar that moves; elsewhere a line for each tenth. */
function progress(total: number): (count: number) => void {
  let done = 0
  return (count) => {
    const before = Math.floor((10 * done) / total)
    done += count
    if (process.stdout.isTTY) {
      const filled = Math.round(Math.min(1, done / total) * 40)
      process.stdout.write(`\r\u001b[K${'█'.repeat(filled)}${'░'.repeat(40 - filled)} ${done} of ${total} inputs`)
    } else if (Math.floor((10 * done) / total) > before) console.log(`${done} of ${total} inputs`)
  }
}

function endProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
}
