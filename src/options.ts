import { PresenceError } from './domain/errors.ts'

/** Every number that can be tuned. Milliseconds unless the name says otherwise. */
export interface PresenceOptions {
  /** How long a session whose connection was lost lives on before anybody hears of it. @default 10_000 */
  graceMs: number
  /** The same for phones, whose radios sleep. @default 30_000, or graceMs when that is longer */
  mobileGraceMs: number
  /** Without activity for this long a session counts as idle. @default 300_000 */
  idleAfterMs: number
  /** Coarseness of last activity while present, and how often it is written. @default 300_000 */
  activityFlushMs: number
  /** How long the store believes a silent node. @default 6_000 */
  nodeLeaseMs: number
  /** How often nodes compare what they told with the store. @default 30_000 */
  reconcileMs: number
  /** After this long without the store, views become unknown. @default 30_000 */
  staleAfterMs: number
  /** Longest wait for an answer of Redis. @default 1_000, or a third of nodeLeaseMs when that is shorter */
  storeTimeoutMs: number
  /** Longest wait for an answer of PostgreSQL. @default 10_000 */
  databaseTimeoutMs: number
  /** Failures of one of them in a row after which it is left alone for `breakerCooldownMs`: calls fail at once. @default 10 */
  breakerFailures: number
  /** How long it is left alone before one call tries again. @default 1_000 */
  breakerCooldownMs: number
  /** Longest time a stopping node takes. @default 10_000 */
  drainMs: number
  /** Days after a session began until its address and user agent are shortened. @default 30 */
  retentionDays: number
  /** Days after a session began until all of it is deleted, unless it still lasts. @default 90, or retentionDays when that is longer */
  deletionDays: number
  /** Sessions a user may have at once; beyond it the oldest idle one is evicted. @default 20 */
  maxSessionsPerUser: number
  /** Viewers a user may block. @default 1_000 */
  maxBlocks: number
  /** How long the host's word on who deals with whom is believed. @default 60_000 */
  relationCacheMs: number
  /** Users one connection may watch. @default 2_000 */
  maxWatchedUsers: number
  /** Searches one connection may watch. @default 10 */
  maxWatchedSearches: number
  /** Different searches one node keeps up to date. @default 5_000 */
  maxLiveSearches: number
  /** Shortest time between two computations of one watched search. @default 1_000 */
  liveSearchEveryMs: number
  /** For how long changes for a busy connection are gathered; up to five times that while the process is busy. @default 10 */
  mergeMs: number
  /** Changes that may wait for a slow connection before it is told to read anew. @default 1_000 */
  maxQueuedUpdates: number
  /** Bytes of a request body or of an event (a watch list is bounded by its own number). @default 65_536 */
  maxPayloadBytes: number
  /** Events per second that one user may send on average. @default 20 */
  eventsPerSecond: number
  /** Events that one user may send at once. @default 60 */
  eventsBurst: number
  /** Refused events that one user may send at once, and `eventsPerSecond` on average: beyond it the connection is closed. @default 500 */
  refusedBurst: number
  /** How long a user who flooded a connection may not connect. @default 60_000 */
  floodPenaltyMs: number
  /** Users whom one user may ask about per second on average. @default 1_000 */
  readsPerSecond: number
  /** Users whom one user may ask about at once. @default 4_000, or maxWatchedUsers when that is more */
  readsBurst: number
  /** Connections that one user may make in a minute. @default 3_000 */
  connectsPerMinute: number
  /** Decisions of one user in a minute. @default 1_200 */
  decisionsPerMinute: number
  /** Searches in a minute: of one address over HTTP, of one user over sockets. @default 6_000 */
  searchesPerMinute: number
  /** Reports of one user in an hour. @default 20 */
  reportsPerHour: number
  /** Longest wait for the host's say on a message. @default 2_000 */
  moderationTimeoutMs: number
  /** Connections that one address may make in a minute, for the standalone server. @default 12_000 */
  addressConnectsPerMinute: number
  /** Connections that one address may have at once to a node, for the standalone server. @default 10_000 */
  addressConnections: number
  /** Refused tokens that one address may bring in a minute, for the standalone server. @default 3_000 */
  addressFailuresPerMinute: number
  /** Requests that one address may make per second on average, for the standalone server. @default 500 */
  addressRequestsPerSecond: number
  /** Requests that one address may make at once, for the standalone server. @default 5_000 */
  addressRequestsBurst: number
  /** Packets of one connection per second on average, one for each KiB begun, for the standalone server. @default 200 */
  packetsPerSecond: number
  /** Packets of one connection at once, for the standalone server: twice the longest watch list with its versions. @default 400 */
  packetsBurst: number
  /** Longest time from a connection to a user behind it, for the standalone server. @default 10_000 */
  handshakeTimeoutMs: number
  /** Longest time that a request may take to arrive, for the standalone server. @default 30_000 */
  requestTimeoutMs: number
  /** Bytes of the address and the headers of a request, for the standalone server. @default 16_384 */
  maxHeaderBytes: number
  /** How often observations are written to PostgreSQL. @default 500 */
  projectEveryMs: number
  /** Longest time for which a cache outside may give out a search: then nobody who hid is left in it. 0: none may. @default 3_000 */
  edgeMaxAgeMs: number
  /** While PostgreSQL is away, searches answer what they found last, if it is no older than this. @default 300_000 */
  lastResultsMs: number
  /** Engine.IO's ping interval, for the standalone server. @default 10_000 */
  pingIntervalMs: number
  /** Engine.IO's ping time-out, for the standalone server. @default 5_000 */
  pingTimeoutMs: number
}

const MINUTE = 60_000
const DAY = 86_400_000

/** Caches count in whole seconds, and round up. */
const MIN_EDGE_AGE_MS = 2_000

/** Default, smallest and largest value of each option. */
export const OPTION_RANGES: Record<keyof PresenceOptions, readonly [fallback: number, min: number, max: number]> = {
  graceMs: [10_000, 0, 10 * MINUTE],
  mobileGraceMs: [30_000, 0, 30 * MINUTE],
  idleAfterMs: [5 * MINUTE, 100, DAY],
  activityFlushMs: [5 * MINUTE, 100, DAY],
  nodeLeaseMs: [6_000, 500, 10 * MINUTE],
  reconcileMs: [30_000, 100, 60 * MINUTE],
  staleAfterMs: [30_000, 100, 60 * MINUTE],
  storeTimeoutMs: [1_000, 50, MINUTE],
  databaseTimeoutMs: [10_000, 100, 10 * MINUTE],
  breakerFailures: [10, 1, 1_000],
  breakerCooldownMs: [1_000, 50, MINUTE],
  drainMs: [10_000, 100, 10 * MINUTE],
  retentionDays: [30, 1, 3_650],
  deletionDays: [90, 1, 3_650],
  maxSessionsPerUser: [20, 1, 1_000],
  maxBlocks: [1_000, 1, 10_000],
  relationCacheMs: [MINUTE, 0, DAY],
  maxWatchedUsers: [2_000, 1, 100_000],
  maxWatchedSearches: [10, 1, 1_000],
  maxLiveSearches: [5_000, 1, 100_000],
  liveSearchEveryMs: [1_000, 50, 10 * MINUTE],
  mergeMs: [10, 0, 10_000],
  maxQueuedUpdates: [1_000, 1, 1_000_000],
  maxPayloadBytes: [65_536, 1_024, 16_777_216],
  eventsPerSecond: [20, 1, 100_000],
  eventsBurst: [60, 1, 100_000],
  refusedBurst: [500, 1, 1_000_000],
  floodPenaltyMs: [MINUTE, 1_000, 60 * MINUTE],
  readsPerSecond: [1_000, 1, 1_000_000],
  readsBurst: [4_000, 1, 1_000_000],
  connectsPerMinute: [3_000, 1, 100_000],
  decisionsPerMinute: [1_200, 1, 100_000],
  searchesPerMinute: [6_000, 1, 1_000_000],
  reportsPerHour: [20, 1, 10_000],
  moderationTimeoutMs: [2_000, 50, MINUTE],
  addressConnectsPerMinute: [12_000, 1, 1_000_000],
  addressConnections: [10_000, 1, 1_000_000],
  addressFailuresPerMinute: [3_000, 1, 1_000_000],
  addressRequestsPerSecond: [500, 1, 1_000_000],
  addressRequestsBurst: [5_000, 1, 1_000_000],
  packetsPerSecond: [200, 1, 1_000_000],
  packetsBurst: [400, 1, 1_000_000],
  handshakeTimeoutMs: [10_000, 100, 10 * MINUTE],
  requestTimeoutMs: [30_000, 100, 10 * MINUTE],
  maxHeaderBytes: [16_384, 8_192, 1_048_576],
  projectEveryMs: [500, 10, MINUTE],
  edgeMaxAgeMs: [3_000, 0, MINUTE],
  lastResultsMs: [5 * MINUTE, 0, 60 * MINUTE],
  pingIntervalMs: [10_000, 100, 10 * MINUTE],
  pingTimeoutMs: [5_000, 100, 10 * MINUTE],
}

/** The name of every option. */
export const OPTION_NAMES = Object.keys(OPTION_RANGES) as (keyof PresenceOptions)[]

/** The environment variable of an option: `graceMs` is `PRESENCE_GRACE_MS`. */
export const environmentName = (option: keyof PresenceOptions): string =>
  `PRESENCE_${option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/**
 * Fills in defaults and checks every value and every relation; all that is wrong is said at once.
 *
 * @throws {PresenceError} INVALID_OPTION
 */
export function resolveOptions(given: Partial<PresenceOptions> = {}): PresenceOptions {
  const wrong: string[] = []
  const resolved = {} as PresenceOptions
  for (const name of OPTION_NAMES) {
    const [fallback, min, max] = OPTION_RANGES[name]
    const value = given[name] ?? fallbackOf(name, fallback, resolved)
    if (!Number.isInteger(value) || value < min || value > max) {
      wrong.push(`${name} is ${value}, needs a whole number from ${min} to ${max}`)
    }
    resolved[name] = value
  }
  if (wrong.length === 0) wrong.push(...brokenRelations(resolved))
  if (wrong.length > 0) throw new PresenceError('INVALID_OPTION', wrong.join('; '))
  return resolved
}

/** Some defaults give way to an option that was set. */
function fallbackOf(name: keyof PresenceOptions, fallback: number, resolved: PresenceOptions): number {
  if (name === 'mobileGraceMs') return Math.max(fallback, resolved.graceMs)
  if (name === 'deletionDays') return Math.max(fallback, resolved.retentionDays)
  if (name === 'readsBurst') return Math.max(fallback, resolved.maxWatchedUsers)
  if (name === 'storeTimeoutMs') return Math.min(fallback, Math.max(50, Math.floor(resolved.nodeLeaseMs / 3)))
  return fallback
}

/** The first needs to be at least the second. */
const AT_LEAST: readonly (readonly [larger: keyof PresenceOptions, smaller: keyof PresenceOptions])[] = [
  ['mobileGraceMs', 'graceMs'],
  ['eventsBurst', 'eventsPerSecond'],
  // Whoever watches as many as allowed may do so.
  ['readsBurst', 'maxWatchedUsers'],
  ['addressRequestsBurst', 'addressRequestsPerSecond'],
  ['packetsBurst', 'packetsPerSecond'],
  ['requestTimeoutMs', 'handshakeTimeoutMs'],
  ['deletionDays', 'retentionDays'],
]

function brokenRelations(options: PresenceOptions): string[] {
  const wrong: string[] = []
  if (3 * options.storeTimeoutMs > options.nodeLeaseMs) {
    wrong.push(
      `storeTimeoutMs is ${options.storeTimeoutMs}, needs at most a third of nodeLeaseMs (${options.nodeLeaseMs})`,
    )
  }
  for (const [larger, smaller] of AT_LEAST) {
    if (options[larger] >= options[smaller]) continue
    wrong.push(`${larger} is ${options[larger]}, needs at least ${smaller} (${options[smaller]})`)
  }
  if (options.edgeMaxAgeMs !== 0 && options.edgeMaxAgeMs < MIN_EDGE_AGE_MS) {
    wrong.push(`edgeMaxAgeMs is ${options.edgeMaxAgeMs}, needs 0 or at least ${MIN_EDGE_AGE_MS}`)
  }
  return wrong
}

/**
 * Reads options from environment variables. Anything that is not a number is passed on as NaN, for `resolveOptions` to
 * refuse with its name.
 */
export function optionsFromEnvironment(env: Readonly<Record<string, string | undefined>>): Partial<PresenceOptions> {
  const given: Partial<PresenceOptions> = {}
  for (const name of OPTION_NAMES) {
    const text = env[environmentName(name)]?.trim()
    if (text !== undefined && text !== '') given[name] = Number(text)
  }
  return given
}
