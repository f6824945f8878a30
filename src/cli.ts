#!/usr/bin/env node
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { Command } from 'commander'
import { Sequelize } from 'sequelize'
import { startEmbeddedPostgres } from '../demo/server/embedded-postgres.ts'
import { MARKETPLACE_DIRECTORY } from '../demo/server/marketplace-directory.ts'
import { ensureUsers } from '../demo/server/ensure-users.ts'
import { backfillPresence, type BackfillSettings } from './backfill-command.ts'
import { addCapacityCommand } from './capacity-command.ts'
import { PresenceError } from './domain/errors.ts'
import { integerIds, uuidIds } from './domain/user-id.ts'
import { createTokens } from './gateway/token.ts'
import { cleanUp, eraseData, exportData } from './personal-commands.ts'
import { keysOf, reachDatabase, startServer } from './server.ts'
import { type GivenSettings, readDatabaseUrl, readSettings, SERVER_VARIABLES } from './settings.ts'
import type { ProviderDirectory } from './store/postgres/directory.ts'
import { migratePresence, rollbackPresence } from './store/postgres/migrate.ts'
import { LOCK_TIMEOUT_MS, type Patience } from './store/postgres/migration-session.ts'
import { repairListing } from './store/postgres/repair-listing.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import { createProgress } from './telemetry/progress.ts'
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

interface PatienceOptions {
  lockTimeout: string
}

/** @throws {PresenceError} INVALID_OPTION */
function patienceOf({ lockTimeout }: PatienceOptions): Patience {
  if (/^[1-9]\d{0,5}$/.test(lockTimeout)) return { lockTimeoutMs: Number(lockTimeout) }
  throw new PresenceError('INVALID_OPTION', `--lock-timeout is milliseconds from 1 to 999,999, not "${lockTimeout}".`)
}

const migrate = (options: TableOptions & PatienceOptions) =>
  withDatabase(async (sequelize) => {
    const patience = patienceOf(options)
    await ensureUsers(sequelize, options.usersTable, (line) => console.log(line))
    const applied = await migratePresence({ ...targetOf(sequelize, options), patience })
    console.log(applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`)
  })

const rollback = (options: TableOptions & PatienceOptions & { all?: boolean; force?: boolean }) =>
  withDatabase(async (sequelize) => {
    const undone = await rollbackPresence({
      ...targetOf(sequelize, options),
      patience: patienceOf(options),
      steps: options.all ? 'all' : 1,
      isForced: options.force === true,
    })
    console.log(undone.length === 0 ? 'Nothing to roll back.' : `Rolled back ${undone.join(', ')}.`)
  })

/** Brings what searches know of providers up to what the directory says, while nodes serve or not. */
const repair = ({ directory: file, ...options }: TableOptions & { directory?: string }) =>
  withDatabase(async (sequelize) => {
    await list(sequelize, options, file === undefined ? MARKETPLACE_DIRECTORY : await readDirectory(file))
  })

async function list(sequelize: Sequelize, options: TableOptions, directory: ProviderDirectory): Promise<void> {
  const { log: _, ...host } = targetOf(sequelize, options)
  const { compared, changed, corrected } = await repairListing({
    ...host,
    directory,
    onProgress: (n) => showProgress(`${count(n)} providers compared`),
  })
  endProgress()
  console.log(
    `${count(compared)} providers compared: ${count(changed)} were not up to date, ${count(corrected)} counts wrong.`,
  )
}

/** Fills in when users were here last, and lists the providers that a directory names. */
const backfill = ({ directory: file, ...options }: TableOptions & BackfillSettings & { directory?: string }) =>
  withDatabase(async (sequelize) => {
    const directory = file === undefined ? null : await readDirectory(file)
    const interrupt = new AbortController()
    process.once('SIGINT', () => interrupt.abort())
    const progress = createProgress(process.stdout, () => performance.now())
    const tells = { progress, say: (line: string) => console.log(line), signal: interrupt.signal }
    console.log(await backfillPresence(targetOf(sequelize, options), options, tells))
    if (interrupt.signal.aborted) process.exitCode = 130
    else if (directory !== null && !options.dryRun) await list(sequelize, options, directory)
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
const LOCK_TIMEOUT = [
  '--lock-timeout <ms>',
  'wait so long for a table in use, then give way and try again',
  String(LOCK_TIMEOUT_MS),
] as const
table(program.command('migrate').description('add what presence needs to the database'))
  .option(...LOCK_TIMEOUT)
  .action(migrate)
table(program.command('rollback').description('take the last migration back'))
  .option(...LOCK_TIMEOUT)
  .option('--all', 'take all of them back, once no process serves presence')
  .option('--force', 'with --all: also while one does, which fails from then on')
  .action(rollback)
table(program.command('repair').description('compare what searches know of providers with the directory'))
  .option('--directory <file>', "the host's option directory, as JSON; without it the reference marketplace's")
  .action(repair)
table(program.command('backfill').description('fill in when users were here last, from your own last login'))
  .requiredOption('--from <column>', "the column of the host's users that says when they logged in last")
  .option('--batch <users>', 'most users in one transaction', '1000')
  .option('--pause <times>', 'rest after each batch, in times of what it took', '1')
  .option('--max-lag <seconds>', 'wait while a replica is farther behind', '10')
  .option('--directory <file>', "list the providers of the host's option directory, too: as JSON")
  .option('--dry-run', 'only say how many there are')
  .action(backfill)
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
addCapacityCommand(program, join(packageFile(), '../docs/bench/costs.json'), (text) => console.log(text))

try {
  await program.parseAsync()
} catch (error) {
  // A sentence for what we name, the whole trace for a bug.
  console.error(error instanceof PresenceError || error instanceof Error ? error.message : error)
  process.exitCode = 1
  leaveCrew()
}
