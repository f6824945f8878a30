#!/usr/bin/env node
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { Command } from 'commander'
import { Sequelize } from 'sequelize'
import { startEmbeddedPostgres } from '../demo/server/embedded-postgres.ts'
import { MARKETPLACE_DIRECTORY } from '../demo/server/marketplace-directory.ts'
import { ensureUsers } from '../demo/server/ensure-users.ts'
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
import { integerIds, uuidIds } from './domain/user-id.ts'
import { createTokens } from './gateway/token.ts'
import { cleanUp, eraseData, exportData } from './personal-commands.ts'
import { keysOf, reachDatabase, startServer } from './server.ts'
import { type GivenSettings, readDatabaseUrl, readSettings, SERVER_VARIABLES } from './settings.ts'
import type { ProviderDirectory } from './store/postgres/directory.ts'
import { migratePresence, rollbackPresence } from './store/postgres/migrate.ts'
import { repairListing } from './store/postgres/repair-listing.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import { isWorker, leaveCrew, readWorkers, startWorkers, workerDoor } from './workers.ts'

const DATA_DIR = resolve('.data')

/** Where users are, for hosts whose table has another name. */
interface TableOptions {
  usersTable: string
  idColumn: string
  integerIds?: boolean
}

/** Where this package says its version, from source and as built. */
const packageFile = () => {
  const here = import.meta.dirname
  return [join(here, '../package.json'), join(here, '../../package.json')].find((path) => existsSync(path)) ?? ''
}

async function serve({ workers }: { workers: string }): Promise<void> {
  const given = readSettings(process.env)
  const count = isWorker ? 1 : readWorkers(workers, given)
  const log = createLogger(given.logLevel)
  const database = await openDatabase(given.databaseUrl)
  try {
    const settings = { ...given, ...(await demoSecret(given)), databaseUrl: database.url }
    const server =
      count > 1
        ? await startWorkers(settings, count, log)
        : await startServer(settings, log, isWorker ? { open: workerDoor } : {})
    stopOnSignals(settings.options.drainMs, log, async () => {
      await server.stop()
      await database.stop()
      if (!isWorker) console.log('Stopped.')
    })
    if (!isWorker) console.log(`Porchlight is ready at ${server.url}`)
  } catch (error) {
    await database.stop()
    throw error
  }
}

/** @param drainMs after which the process ends unfinished, with 1 */
function stopOnSignals(drainMs: number, log: Logger, stop: () => Promise<void>): void {
  let isStopping = false
  // Taken by ourselves: whoever restarts us may say so twice, while a second SIGINT is somebody who does not want to wait. Workers
  // hear of a SIGINT from their terminal, and then from their primary.
  const grace = closeWithGrace({ delay: drainMs, logger: false, skip: ['SIGTERM'] }, async ({ signal, err }) => {
    isStopping = true
    if (err) log.error({ err }, 'the process ends because of an error nobody caught')
    else log.info({ signal: signal ?? 'SIGTERM' }, 'stopping: connections are moved, what is unwritten is written')
    await stop()
  })
  process.on('SIGTERM', () => {
    if (!isStopping) grace.close()
    isStopping = true
  })
}

/** The database that DATABASE_URL names, or the embedded one. */
async function openDatabase(url: string | undefined): Promise<{ url: string; stop(): Promise<void> }> {
  if (url !== undefined) return { url, stop: async () => {} }
  return startEmbeddedPostgres({ dataDir: join(DATA_DIR, 'postgres'), log: (line) => console.log(line) })
}

/** The demo signs its own tokens; kept on disk, so that people stay signed in across restarts. */
async function demoSecret({ demo, secret, jwksUrl }: GivenSettings): Promise<{ secret?: string }> {
  if (!demo || secret !== undefined || jwksUrl !== undefined) return {}
  const file = join(DATA_DIR, 'jwt-secret')
  const kept = await readFile(file, 'utf8').catch(() => '')
  if (kept !== '') return { secret: kept }
  const made = randomBytes(32).toString('base64url')
  await mkdir(DATA_DIR, { recursive: true })
  await writeFile(file, made, { mode: 0o600 })
  return { secret: made }
}

async function withDatabase(work: (sequelize: Sequelize) => Promise<void>): Promise<void> {
  const database = await openDatabase(readDatabaseUrl(process.env))
  const sequelize = new Sequelize(database.url, { dialect: 'postgres', logging: false })
  try {
    await reachDatabase(sequelize)
    await work(sequelize)
  } finally {
    await sequelize.close()
    await database.stop()
  }
}

const targetOf = (sequelize: Sequelize, { usersTable, idColumn, integerIds: integers }: TableOptions) => {
  const log = (line: string) => console.log(line)
  return { sequelize, usersTable, idColumn, userId: integers ? integerIds : uuidIds, log }
}

const migrate = (options: TableOptions) =>
  withDatabase(async (sequelize) => {
    await ensureUsers(sequelize, options.usersTable, (line) => console.log(line))
    const applied = await migratePresence(targetOf(sequelize, options))
    console.log(applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`)
  })

const rollback = (options: TableOptions & { all?: boolean }) =>
  withDatabase(async (sequelize) => {
    const undone = await rollbackPresence({
      ...targetOf(sequelize, options),
      ...(options.all ? { steps: Infinity } : {}),
    })
    console.log(undone.length === 0 ? 'Nothing to roll back.' : `Rolled back ${undone.join(', ')}.`)
  })

/** Brings what searches know of providers up to what the directory says, while nodes serve or not. */
const repair = ({ directory: file, ...options }: TableOptions & { directory?: string }) =>
  withDatabase(async (sequelize) => {
    const { log: _, ...host } = targetOf(sequelize, options)
    const directory = file === undefined ? MARKETPLACE_DIRECTORY : await readDirectory(file)
    const { compared, changed, corrected } = await repairListing({
      ...host,
      directory,
      onProgress: (n) => showProgress(`${count(n)} providers compared`),
    })
    endProgress()
    console.log(
      `${count(compared)} providers compared: ${count(changed)} were not up to date, ${count(corrected)} counts wrong.`,
    )
  })

const cleanup = ({ dryRun }: { dryRun?: boolean }) =>
  withDatabase(async (sequelize) => {
    const sentence = await cleanUp(sequelize, process.env, { isDryRun: dryRun === true, onProgress: showProgress })
    endProgress()
    console.log(sentence)
  })

const exportUser = (userId: string, options: TableOptions) =>
  withDatabase(async (sequelize) => console.log(await exportData(targetOf(sequelize, options), process.env, userId)))

const eraseUser = (userId: string, options: TableOptions) =>
  withDatabase(async (sequelize) => console.log(await eraseData(targetOf(sequelize, options), process.env, userId)))

const count = (n: number): string => n.toLocaleString('en')

function showProgress(words: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${words}`)
}

function endProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
}

/** @throws {PresenceError} INVALID_OPTION with a sentence on what is wrong with the file */
async function readDirectory(file: string): Promise<ProviderDirectory> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProviderDirectory
  } catch (cause) {
    const sentence = `${file} cannot be read as JSON: it holds what the option directory says.`
    throw new PresenceError('INVALID_OPTION', sentence, { cause })
  }
}

async function printToken(userId: string, { expiresIn, role }: { expiresIn: string; role?: string }): Promise<void> {
  const given = readSettings(process.env)
  const tokens = createTokens({ ...given.tokens, ...keysOf(given), ...(await demoSecret(given)) })
  if (!tokens.sign) throw new PresenceError('INVALID_OPTION', 'Tokens are signed elsewhere when JWKS_URL is set.')
  if (uuidIds.parse(userId) === null) throw new PresenceError('INVALID_ID', `"${userId}" is not a UUID.`)
  console.log(await tokens.sign(userId, { expiresIn, ...(role && { role }) }))
}

interface CapacityOptions extends Partial<Record<AssumptionName, string>> {
  costs: string
  json?: boolean
  slots?: boolean
}

/** Users drawn for the table of slots: enough for chance to play no part. */
const DRAWN = 1_000_000

/** Says what it takes to serve so many users, from what one of each thing was measured to cost. */
async function capacity({ costs: file, json, slots, ...given }: CapacityOptions): Promise<void> {
  if (slots) {
    console.log(slotsReport(Array.from({ length: DRAWN }, () => randomUUID())))
    return
  }
  const assumed = readAssumptions(given)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PresenceError('INVALID_OPTION', `${file} cannot be read. Measure with: npm run bench -- costs`, { cause })
  })
  const measured = parseCosts(text, file)
  const plan = planCapacity(assumed, measured)
  console.log(json ? JSON.stringify({ assumed, ...plan, measured }, null, 2) : planReport(plan, assumed, measured))
}

function assumptionOptions(command: Command): Command {
  for (const name of ASSUMPTION_NAMES) {
    const { meaning, fallback, unit } = ASSUMPTIONS[name]
    const value = unit === 'share' ? '<percent>' : '<number>'
    const byDefault = fallback === null ? '' : ` [${showAssumption(name, fallback)}]`
    command.option(`${flagOf(name)} ${value}`, `${meaning}${byDefault}`)
  }
  return command
}

const table = (command: Command): Command =>
  command
    .option('--users-table <name>', "the host's table of users", 'users')
    .option('--id-column <name>', 'its primary key', 'id')
    .option('--integer-ids', 'its ids are integers instead of UUIDs')

const variables = Object.entries(SERVER_VARIABLES)
  .map(([name, meaning]) => `  ${name.padEnd(20)} ${meaning}`)
  .join('\n')

const { version } = JSON.parse(await readFile(packageFile(), 'utf8')) as { version: string }

const program = new Command('porchlight')
  .description('Live presence for marketplaces.')
  .version(version)
  .showHelpAfterError('Try porchlight --help.')
program
  .command('serve')
  .description('run the reference marketplace')
  .option('--workers <number>', 'processes behind the one port; several need REDIS_URL', '1')
  .addHelpText('after', `\nEnvironment:\n${variables}\n  PRESENCE_<OPTION>    see docs/options.md`)
  .action(serve)
table(program.command('migrate').description('add what presence needs to the database')).action(migrate)
table(program.command('rollback').description('take the last migration back'))
  .option('--all', 'take all of them back')
  .action(rollback)
table(program.command('repair').description('compare what searches know of providers with the directory'))
  .option('--directory <file>', "the host's option directory, as JSON; without it the reference marketplace's")
  .action(repair)
program
  .command('cleanup')
  .description('shorten and delete what is kept of old sessions, as a running server does by itself')
  .option('--dry-run', 'only say how many there are')
  .action(cleanup)
table(program.command('export').description('print all that is held of a user, as JSON').argument('<user-id>')).action(
  exportUser,
)
table(
  program.command('erase').description('erase all that is held of a user, everywhere').argument('<user-id>'),
).action(eraseUser)
program
  .command('token')
  .description('print a token for a user, signed with JWT_SECRET')
  .argument('<user-id>')
  .option('--expires-in <span>', 'how long it holds, such as 30m or 12h', '12h')
  .option('--role <role>', 'what they are beside a user: staff or operator')
  .action(printToken)
assumptionOptions(program.command('capacity').description('what it takes to serve so many users'))
  .option('--costs <file>', 'unit costs to calculate with', join(packageFile(), '../docs/bench/costs.json'))
  .option('--json', 'as JSON, with the unit costs')
  .option('--slots', 'instead: how evenly users are spread over the shards of a Redis Cluster')
  .action(capacity)

try {
  await program.parseAsync()
} catch (error) {
  // A sentence for what we name, the whole trace for a bug.
  console.error(error instanceof PresenceError || error instanceof Error ? error.message : error)
  process.exitCode = 1
  leaveCrew()
}
