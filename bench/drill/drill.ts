import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Sequelize } from 'sequelize'
import { startEmbeddedPostgres } from '../../demo/server/embedded-postgres.ts'
import { fetchBody } from '../load/requests.ts'
import { startRedis } from '../processes/redis.ts'
import { endAllProcesses, startProcess } from '../processes/start-process.ts'
import { fillPage } from '../report/fill-page.ts'
import { number } from '../report/table.ts'
import { startCommand } from './command.ts'
import { writeFlags } from './flags.ts'
import * as host from './host-database.ts'
import { startHostLoad } from './host-load.ts'
import type { NodeSettings, NodeVerbs } from './node-verbs.ts'
import { type Check, type DrillOutcome, drillReport, type DrillStep } from './outcome.ts'
import { type DrillNode, PEOPLE, type Rollout, type Stage, startRollout, until } from './rollout.ts'

const LEAST_USERS = 2_000
const NODES = 2
/** Milliseconds of load alone, to compare with, and of silence after the switch. */
const CALM_MS = 10_000
/** How many it has filled in when the backfill is killed, at least. */
const KILLED_AT = 0.3

/**
 * Adopts presence and gives it up again, as an operator does it, on a host that reads and writes its users all the time: migrations, backfill,
 * percentages, the kill switch, removal.
 */
export async function runDrill(users: number, out: string, say: (what: string) => void): Promise<DrillOutcome> {
  if (users < LEAST_USERS) throw new Error(`A drill takes ${LEAST_USERS.toLocaleString('en')} users at least.`)
  const home = await mkdtemp(join(tmpdir(), 'porchlight-drill-'))
  // Whatever ends this process; PostgreSQL and Redis end with it by themselves.
  process.once('exit', () => {
    endAllProcesses()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  })
  // As in production: what is written is on the disk.
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres') })
  const sequelize = new Sequelize(postgres.url, { logging: false, pool: { max: 2 } })
  const redis = await startRedis()
  try {
    say(`${users.toLocaleString('en')} users`)
    await host.createHost(sequelize, users)
    const flags = join(home, 'presence.flags.json')
    const place = { url: postgres.url, redis: redis.url, flags, sequelize, users, say }
    const outcome = await drill(place)
    await writeDown(outcome, out)
    return outcome
  } finally {
    endAllProcesses()
    await sequelize.close()
    await redis.end()
    await postgres.stop()
  }
}

/** To `drill.json`; where it is published, also into the page that explains it. */
async function writeDown(outcome: DrillOutcome, out: string): Promise<void> {
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'drill.json'), `${JSON.stringify(outcome, null, 2)}\n`)
  const page = join(out, '..', 'operations.md')
  if (existsSync(page)) await fillPage(page, { drill: drillReport(outcome) })
}

interface Place {
  readonly url: string
  readonly redis: string
  /** The file that all nodes read. */
  readonly flags: string
  readonly sequelize: Sequelize
  readonly users: number
  readonly say: (what: string) => void
}

async function drill(place: Place): Promise<DrillOutcome> {
  const { url, sequelize, users, flags, say } = place
  const steps: DrillStep[] = []
  const checks: Check[] = []
  const load = await startHostLoad(url, users)
  let gaveWay = 0
  let rewritten = false

  const check = (what: string, isMet: boolean, found: string): void => void checks.push({ what, isMet, found })
  const hear = (line: string): void => {
    if (line.includes('tries again')) gaveWay += 1
    say(line)
  }
  const porchlight = (...args: string[]) => startCommand(args, url, hear)
  async function step<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    say(what)
    gaveWay = 0
    const { result, met, tookMs } = await load.during(work)
    steps.push({ what, tookMs, gaveWay, ...met })
    rewritten ||= (await host.fileOf(sequelize)) !== file
    return result
  }
  const run = (...args: string[]) => porchlight(...args).output

  const file = await host.fileOf(sequelize)
  const [schema, sum] = [await host.schemaOf(sequelize), await host.hostChecksum(sequelize)]
  const secret = randomBytes(32).toString('hex')
  const start = (presence: NodeSettings['presence']) => startNodes({ databaseUrl: url, secret, presence })

  const bare = await start(null)
  const plain = await answersOf(bare)
  await stop(bare)

  await step('nothing', () => sleep(CALM_MS))
  await step('migrate', () => run('migrate'))
  const killed = await step('backfill, until it is killed', () => backfillKilled(place, porchlight))
  check('the backfill was killed in the middle', killed > 0 && killed < users, `at ${number(killed)} users`)
  const said = await step('backfill, the same again', () => run('backfill', '--from', 'last_login_at'))
  const filled = `${users.toLocaleString('en')} users looked at: the last activity of ${users.toLocaleString('en')} were filled in.`
  check('each was filled in once, by both runs together', said.includes(filled), said.trim().split('\n').at(-1) ?? '')
  const wrong = await host.wronglyFilled(sequelize)
  check('each with their own last login', wrong === 0, `${number(wrong)} wrong`)
  await host.addSessions(sequelize, users)
  await step('roll the newest three back', async () => {
    for (let n = 0; n < 3; n++) await run('rollback')
  })
  await step('migrate again, with a session for each user', () => run('migrate'))

  await writeFlags(flags, 'off')
  const { nodes, rollout } = await step('nodes start, switched off', async () => {
    const nodes = await start({ redis: place.redis, flags })
    return { nodes, rollout: await startRollout(nodes, secret, flags) }
  })
  const answers = async (when: string, same: boolean) => {
    const isSame = (await answersOf(nodes)) === plain
    check(
      `${when}, the host answers ${same ? 'byte for byte as before' : 'with presence'}`,
      isSame === same,
      isSame ? 'the same' : 'other bytes',
    )
  }
  await answers('switched off', true)
  const stages: Stage[] = []
  for (const percent of [0, 5, 25, 100]) {
    const what = percent === 0 ? 'staff' : `staff and ${percent} %`
    stages.push(await step(`switch on: ${what}`, () => rollout.change(what, percent)))
  }
  checkGrowth(stages, check)
  await answers('switched on', false)

  const taken = await step('the kill switch', () => switchOff(place, rollout))
  stages.push(taken.stage)
  const toldOnce = taken.stage.lost * rollout.watchers
  check(
    'each was retracted once for each watcher',
    taken.stage.toldGone === toldOnce,
    `${number(taken.stage.toldGone)} of ${number(toldOnce)}`,
  )
  await answers('switched off again', true)
  const written = await step('switched off', async () => {
    const before = await host.writtenNow(sequelize)
    await sleep(CALM_MS)
    return host.writtenSince(sequelize, before)
  })
  check('nothing is written while it is off', written === 0, `${number(written)} rows`)
  const ended = await rollout.lostConnections()
  check('every connection stood all the time', ended === 0, `${number(ended)} ended`)
  await rollout.end()

  const without = await step('nodes without presence', async () => {
    await stop(nodes)
    return start(null)
  })
  await step('roll all back', () => run('rollback', '--all'))
  check('without presence, the host answers byte for byte as before', (await answersOf(without)) === plain, 'compared')
  await step('nothing again', () => sleep(CALM_MS))
  await stop(without)
  const renamed = await load.end()

  const after = await host.schemaOf(sequelize)
  // What was migrated, and taken back, stays written down; and an extension may be in use by others by now.
  const stays = (line: string): boolean => line.includes('porchlight_migrations') || line === 'extension pg_trgm'
  const differences = [
    ...schema.filter((line) => !after.includes(line)),
    ...after.filter((line) => !schema.includes(line) && !stays(line)),
  ]
  check(
    'the schema is the one before, but for the list of migrations and pg_trgm',
    differences.length === 0,
    differences.length === 0 ? `${schema.length} parts` : differences.join('; '),
  )
  check("the host's own columns are unchanged", (await host.hostChecksum(sequelize)) === sum, sum)
  const renames = await host.renamesOf(sequelize)
  check('no write of the host was lost', renames === renamed, `${number(renames)} of ${number(renamed)}`)
  const failed = steps.reduce((all, one) => all + one.failed, 0)
  check(
    'no statement of the host failed',
    failed === 0,
    `${number(failed)} of ${number(steps.reduce((all, one) => all + one.statements, 0))}`,
  )
  check('the table of users was not written anew', !rewritten, rewritten ? 'another file' : 'the same file')
  return { users, steps, stages, lastWrittenMs: taken.lastWrittenMs, checks }
}

async function startNodes(settings: NodeSettings): Promise<DrillNode[]> {
  return Promise.all(
    Array.from({ length: NODES }, async () => {
      const node = await startProcess<NodeVerbs>(new URL('./node.ts', import.meta.url))
      return { ...node, port: await node.call('start', settings) }
    }),
  )
}

const stop = (nodes: readonly DrillNode[]): Promise<unknown> =>
  Promise.all(
    nodes.map(async (node) => {
      await node.call('stop')
      await node.end()
    }),
  )

/** What the host's own route answers one member about others, on every node. */
async function answersOf(nodes: readonly DrillNode[]): Promise<string> {
  const [viewer, ...others] = PEOPLE.slice(0, 20)
  const bodies = await Promise.all(
    nodes.map(({ port }) => Promise.all(others.map((id) => fetchBody(port, `/people/${id}?as=${viewer}`)))),
  )
  return bodies.flat().join('\n')
}

/** @returns how many it had looked at; 0 when it had ended before */
async function backfillKilled(
  { sequelize, users }: Place,
  porchlight: (...args: string[]) => ReturnType<typeof startCommand>,
): Promise<number> {
  const backfill = porchlight('backfill', '--from', 'last_login_at')
  let ended = false
  backfill.output.finally(() => (ended = true)).catch(() => {})
  const isInTheMiddle = async () => ((await host.backfilled(sequelize)) ?? 0) >= KILLED_AT * users
  await until(async () => ended || (await isInTheMiddle()), 'the backfill is in the middle')
  const wasAtWork = await backfill.kill()
  return wasAtWork ? ((await host.backfilled(sequelize)) ?? 0) : 0
}

/** How far the share of a percentage may be from it among so few, in points. */
const POINTS = 6

function checkGrowth(stages: readonly Stage[], check: (what: string, isMet: boolean, found: string) => void): void {
  const fell = stages.reduce((sum, { lost, toldGone }) => sum + lost + toldGone, 0)
  check('whoever had presence kept it while the percentage grew', fell === 0, `${fell} lost it`)
  const shares = stages.map(({ present, connected }) => (100 * present) / connected)
  const isNear = [0, 5, 25, 100].every((percent, n) => Math.abs((shares[n] ?? Number.NaN) - percent) <= POINTS)
  check('a percentage is about that many', isNear, shares.map((share) => `${number(share)} %`).join(', '))
}

async function switchOff({ sequelize }: Place, rollout: Rollout): Promise<{ stage: Stage; lastWrittenMs: number }> {
  const since = performance.now()
  const [stage, lastWrittenMs] = await Promise.all([
    rollout.change('nobody: the kill switch', 'off'),
    until(
      async () => (await host.writtenPresent(sequelize)) === 0,
      'all who were present are written down as gone',
    ).then(() => performance.now() - since),
  ])
  return { stage, lastWrittenMs }
}
