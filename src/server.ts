import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import cors from 'cors'
import express, { type Express } from 'express'
import { QueryTypes, Sequelize } from 'sequelize'
import { Server } from 'socket.io'
import { startLife } from '../demo/server/life.ts'
import { flagAttributes } from '../demo/server/flag-attributes.ts'
import { startOneLife } from '../demo/server/one-life.ts'
import { defineMarketplace } from '../demo/server/models.ts'
import { marketplaceRouter } from '../demo/server/routes.ts'
import { MARKETPLACE_DIRECTORY } from '../demo/server/marketplace-directory.ts'
import { migrateMarketplace } from '../demo/server/schema.ts'
import { seedIfEmpty } from '../demo/server/seed.ts'
import { seedProgress } from '../demo/server/seed-log.ts'
import { createPresence, type Presence, type PresenceHost } from './create-presence.ts'
import { PresenceError } from './domain/errors.ts'
import { addressReader, trustFunction } from './gateway/address.ts'
import { createFailures, type Failures } from './gateway/failures.ts'
import { uuidIds } from './domain/user-id.ts'
import { answerClientErrors, limitRequests, securityHeaders, serverOptions } from './gateway/http/harden.ts'
import { type IsOperator, standaloneOperator } from './gateway/http/operator.ts'
import { standaloneStaff } from './gateway/http/staff.ts'
import { createOpsRouter, lastRequestsWhen } from './gateway/http/ops-routes.ts'
import { builtPage, pageRoutes } from './gateway/http/page-routes.ts'
import { notFound, problemHandler } from './gateway/http/problem.ts'
import { credentialOf } from './gateway/identify.ts'
import { identifyByToken } from './gateway/identify-by-token.ts'
import { countDoors } from './gateway/log.ts'
import { createStopping } from './gateway/jobs/stopping.ts'
import { originCheck } from './gateway/origin.ts'
import { authenticateSocket } from './gateway/socket/authenticate.ts'
import { guardEngine } from './gateway/socket/gate.ts'
import { type Closable, moveAway } from './gateway/socket/move-away.ts'
import { limitHandshakes } from './gateway/socket/refuse-handshakes.ts'
import { releaseHandshake } from './gateway/socket/release-handshake.ts'
import { refuseStrangeEvents } from './gateway/socket/strange-events.ts'
import { createTokens, type Tokens } from './gateway/token.ts'
import type { ServerSettings } from './settings.ts'
import { takeProcessLock } from './store/postgres/process-lock.ts'
import type { Logger } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'

/** A standalone server that listens. */
export interface RunningServer {
  readonly url: string
  readonly presence: Presence
  readonly io: Server
  /** Drains and stops, within `drainMs` whatever hangs (R54). */
  stop(): Promise<void>
}

export interface StartOptions {
  /** Epoch milliseconds: the store's one clock, which tests move. */
  readonly clock?: () => number
  /** Who deals with whom. @default nobody does: this server knows of no dealings */
  readonly relation?: NonNullable<PresenceHost['relation']>
  /** Lets connections in. @default listens on the port of the settings */
  readonly open?: Door
}

/** A way in: says where connections find it, and what has to be closed to let nobody in any more. */
export type Door = (http: HttpServer, io: Server) => Promise<{ readonly url: string; readonly closable: Closable }>

/** Longest statement: a seed of a million people stays far below it. */
const STATEMENT_MS = 30_000
/** Milliseconds for which a connection to PostgreSQL that nobody uses is kept. */
const IDLE_MS = 60_000

/**
 * Starts the reference marketplace: migrates, seeds an empty directory in the demo, listens.
 *
 * @throws {PresenceError} INVALID_OPTION, ALREADY_RUNNING, STORE_UNAVAILABLE
 */
export async function startServer(
  settings: ServerSettings,
  log: Logger,
  { open = portOf(settings), ...host }: StartOptions = {},
): Promise<RunningServer> {
  const sequelize = openDatabase(settings.databaseUrl)
  const stopping = createStopping(settings.options.drainMs, log)
  stopping.add('the database', () => sequelize.close())
  try {
    await reachDatabase(sequelize)
    await refuseForeignUsers(sequelize)
    const tokens = createTokens({ ...settings.tokens, ...keysOf(settings), ...(host.clock && { clock: host.clock }) })
    // The app is there before Socket.IO, which takes its own requests out of the way of the listeners it finds.
    const app = express()
    const http = createServer(serverOptions(settings.options), app)
    answerClientErrors(http)
    const { io, presence, isOperator } = await assemble(settings, sequelize, http, tokens, log, host)
    const isDraining = () => stopping.isUnderWay
    mountRoutes(app, { settings, sequelize, tokens, presence, isOperator, log, isDraining })
    await presence.start()
    // After ours, which reads the device.
    io.on('connection', releaseHandshake)
    stopping.add('presence', (ms) => presence.stop(ms))
    const { url, closable } = await open(http, io)
    stopping.add('connections', (ms) => moveAway(closable, io, () => presence.drain(ms), ms))
    if (settings.demo && settings.demoLife) {
      stopping.add('simulated life', await bringToLife(url, settings, sequelize, tokens, log))
    }
    return { url, presence, io, stop: stopping.run }
  } catch (error) {
    await stopping.run()
    throw error
  }
}

/** The keys that tokens are signed with, as settings name them. */
export const keysOf = ({ secret, jwksUrl }: Pick<ServerSettings, 'secret' | 'jwksUrl'>) => ({
  ...(secret && { secret }),
  ...(jwksUrl && { jwksUrl }),
})

const openDatabase = (url: string): Sequelize =>
  new Sequelize(url, {
    dialect: 'postgres',
    logging: false,
    // A connection costs both sides ten milliseconds to open: whoever comes after a quiet minute must not cost everybody else that.
    pool: { max: 12, acquire: 10_000, idle: IDLE_MS },
    dialectOptions: { statement_timeout: STATEMENT_MS },
  })

/** @throws {PresenceError} STORE_UNAVAILABLE with a sentence that names the place */
export async function reachDatabase(sequelize: Sequelize): Promise<void> {
  try {
    await sequelize.authenticate()
  } catch (error) {
    const { host, port, database } = sequelize.config
    const sentence = `PostgreSQL at ${host}:${port}/${database} cannot be reached. Check DATABASE_URL.`
    throw new PresenceError('STORE_UNAVAILABLE', sentence, { retryable: true, cause: error })
  }
}

/** @throws {PresenceError} SCHEMA_CONFLICT in a database whose users are not those of the reference marketplace */
async function refuseForeignUsers(sequelize: Sequelize): Promise<void> {
  const [found] = await sequelize.query<{ users: string | null; ours: string | null }>(
    `select to_regclass('users')::text as users, to_regclass('marketplace_migrations')::text as ours`,
    { type: QueryTypes.SELECT },
  )
  if (!found?.users || found.ours) return
  throw new PresenceError(
    'SCHEMA_CONFLICT',
    'This database has a table users that is not the reference marketplace’s. Use an empty one, or add Porchlight to your app.',
  )
}

async function assemble(
  settings: ServerSettings,
  sequelize: Sequelize,
  http: HttpServer,
  tokens: Tokens,
  log: Logger,
  host: Pick<StartOptions, 'clock' | 'relation'>,
): Promise<{ io: Server; presence: Presence; isOperator: IsOperator }> {
  await migrateMarketplace(sequelize, (line) => log.info({}, line))
  const { User } = defineMarketplace(sequelize)
  const { options } = settings
  const io = new Server(http, {
    pingInterval: options.pingIntervalMs,
    pingTimeout: options.pingTimeoutMs,
    // Well above maxPayloadBytes, so that what is too large gets an answer instead of a dead connection (R53).
    maxHttpBufferSize: Math.max(16 * options.maxPayloadBytes, 1_048_576),
    connectTimeout: options.handshakeTimeoutMs,
    upgradeTimeout: options.handshakeTimeoutMs,
    perMessageDeflate: false,
    serveClient: false,
    ...(settings.corsOrigins.length > 0 && corsOf(settings)),
  })
  const metrics = createMetrics({ process: true })
  const addressOf = addressReader(settings.trustProxy)
  // The limits are the system's own, which needs to know who asks: so it asks for them when somebody does.
  const failures: Failures = createFailures({ spend: (quota, key) => presence.limits.spend(quota, key) })
  const identify = identifyByToken(tokens, failures, addressOf)
  const { rateLimit, audience, redis, redisPrefix, flags } = settings
  const directory = MARKETPLACE_DIRECTORY
  const verifyToken = async (token: string) => credentialOf(await tokens.verify(token))
  const admit: Presence['verbs']['admit'] = (...caller) => presence.verbs.admit(...caller)
  const door = { identify, codec: uuidIds, verbs: { admit } }
  const isStaff = standaloneStaff(door, settings.opsToken)
  const isOperator = standaloneOperator(door, settings.opsToken)
  const checks = { identify, verifyToken, addressOf, isStaff, isOperator }
  const shared = { ...options, io, sequelize, User, ...checks, directory, rateLimit, audience, logger: log, metrics }
  const presence = createPresence({
    ...shared,
    ...(redis && { redis }),
    ...(redisPrefix && { redisPrefix }),
    ...(flags && { flags: { ...flags, attributes: flagAttributes(sequelize) } }),
    ...host,
  })
  guardEngine({
    io,
    limits: presence.limits,
    failures,
    addressOf,
    isAllowedOrigin: originCheck(settings.corsOrigins),
    options,
    log,
    metrics: countDoors(metrics),
  })
  io.use(
    limitHandshakes(authenticateSocket(tokens, log, admit, presence.limits.handshakes), {
      failures,
      maxAuthBytes: options.maxHeaderBytes,
      log,
    }),
  )
  io.on('connection', refuseStrangeEvents({ log, metrics: countDoors(metrics) }))
  await presence.migrate()
  if (settings.demo) await seedIfEmpty(sequelize, { onProgress: seedProgress(log) })
  return { io, presence, isOperator }
}

const corsOf = ({ corsOrigins }: ServerSettings) => ({
  cors: { origin: corsOrigins.includes('*') ? '*' : [...corsOrigins], methods: ['GET', 'PATCH', 'DELETE', 'POST'] },
})

interface RoutesOptions {
  readonly settings: ServerSettings
  readonly sequelize: Sequelize
  readonly tokens: Tokens
  readonly presence: Presence
  readonly isOperator: IsOperator
  readonly log: Logger
  readonly isDraining: () => boolean
}

function mountRoutes(app: Express, options: RoutesOptions): void {
  const { settings, sequelize, tokens, presence, isOperator, log, isDraining } = options
  app.use(lastRequestsWhen(isDraining))
  app.disable('x-powered-by')
  app.set('trust proxy', trustFunction(settings.trustProxy))
  app.use(securityHeaders())
  if (settings.corsOrigins.length > 0) app.use(cors(corsOf(settings).cors))
  app.use(limitRequests({ limits: presence.limits, trustsProxies: settings.trustProxy !== false, log }))
  const { opsToken } = settings
  app.use(
    createOpsRouter({
      verbs: presence.verbs,
      metricsText: () => presence.metrics.text(),
      isDraining,
      log,
      ...(opsToken && { isOperator }),
    }),
  )
  app.use(presence.opsRouter({ isDraining }))
  app.use(presence.trackActivity())
  app.use(presence.router())
  const { demo } = settings
  const signToken = async (userId: string, role: string) => (await tokens.sign?.(userId, { role })) ?? ''
  app.use(marketplaceRouter({ sequelize, demo, signToken, withPresence: presence.withPresence }))
  app.use('/api', notFound())
  const page = builtPage('page')
  if (page !== undefined) app.use(pageRoutes(page))
  app.use(notFound())
  app.use(problemHandler(log, countDoors(presence.metrics)))
}

const portOf =
  (settings: ServerSettings): Door =>
  async (http) => ({ url: await listen(http, settings), closable: http })

/** @throws {PresenceError} INVALID_OPTION when the port is taken */
export function listen(http: HttpServer, { port, host }: ServerSettings): Promise<string> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      const sentence = taken
        ? `Port ${port} is in use. Stop what listens there, or set PORT to another one (0: any).`
        : `Cannot listen on ${host ?? ''}:${port}: ${error.message}`
      reject(new PresenceError('INVALID_OPTION', sentence, { cause: error }))
    })
    http.listen(port, host, () => {
      const { port: bound } = http.address() as AddressInfo
      resolve(`http://${host === undefined || host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${bound}`)
    })
  })
}

async function bringToLife(
  url: string,
  { redis }: ServerSettings,
  sequelize: Sequelize,
  tokens: Tokens,
  log: Logger,
): Promise<() => Promise<void>> {
  const signToken = async (userId: string) => (await tokens.sign?.(userId)) ?? ''
  const start = () => startLife({ url, sequelize, signToken, log: (line) => log.debug({}, line) })
  // Of many nodes one is enough for the whole street.
  const life = redis
    ? startOneLife({ start, tryLock: () => takeProcessLock(sequelize, { lock: 'life' }) })
    : await start()
  return () => life.stop()
}
