import { PresenceError } from '../domain/errors.ts'

/** One thing that is assumed of a system to be planned. */
export interface Assumption {
  readonly meaning: string
  /** Null: it has to be said. */
  readonly fallback: number | null
  readonly min: number
  readonly max: number
  /** `share` is given as `5%` and kept as 0.05. */
  readonly unit: 'count' | 'share' | 'number'
}

const assume = (
  meaning: string,
  unit: Assumption['unit'],
  fallback: number | null,
  [min, max]: readonly [number, number],
): Assumption => ({ meaning, unit, fallback, min, max })

/** Everything the calculation assumes. Rates are those of the busiest hour. */
export const ASSUMPTIONS = {
  users: assume('users whom the host knows', 'count', null, [1, 1e10]),
  peakOnline: assume('share of them who are present at the busiest moment', 'share', 0.05, [1e-6, 1]),
  devices: assume('connections per present user', 'number', 1.2, [0.01, 20]),
  watch: assume('users whom a connection watches', 'number', 20, [0, 2_000]),
  watchedPresent: assume('share of the watched who are present, too', 'share', 0.5, [0, 1]),
  transitionsPerUserHour: assume('changes of what others see, per present user and hour', 'number', 6, [0, 3_600]),
  connectsPerUserHour: assume(
    'connections made and ended, per present user and hour; whoever is back within the grace makes no transition',
    'number',
    6,
    [0, 3_600],
  ),
  activitiesPerUserHour: assume(
    'activities told by the client, per present user and hour (at most one in 5 s)',
    'number',
    120,
    [0, 72_000],
  ),
  decisionsPerUserHour: assume('choices stored, per present user and hour', 'number', 0.2, [0, 3_600]),
  pingSeconds: assume(
    'seconds between two heartbeats of a connection; it is compared with the store every third time',
    'number',
    10,
    [0.1, 600],
  ),
  busyHours: assume('hours like the busiest one that make up a day', 'number', 10, [0.1, 24]),
  sessionDays: assume('days for which rows of user_sessions are kept', 'number', 30, [1, 3_650]),
  load: assume('share of a core that may be used at the busiest moment', 'share', 0.5, [0.01, 1]),
  nodeCores: assume('nodes that run on one machine, a core each', 'count', 4, [1, 1_024]),
  nodeConnections: assume('connections a node may hold', 'count', 15_000, [1, 1e6]),
  nodeMemoryGb: assume('memory a node may use', 'number', 2, [0.1, 1_024]),
  shardMemoryGb: assume('memory a Redis shard may use', 'number', 8, [0.1, 4_096]),
  replicas: assume('replicas of each Redis shard', 'count', 1, [0, 5]),
  spare: assume('machines that may be missing, rolling restarts included', 'count', 1, [0, 100]),
} as const satisfies Record<string, Assumption>

export type AssumptionName = keyof typeof ASSUMPTIONS
export type Assumed = Readonly<Record<AssumptionName, number>>

/** How an assumption is called on the command line: `peakOnline` is `--peak-online`. */
export const flagOf = (name: AssumptionName): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

export const ASSUMPTION_NAMES = Object.keys(ASSUMPTIONS) as AssumptionName[]

/**
 * Reads what was said on the command line; all that is wrong is said at once, a line each.
 *
 * @param given texts as they were typed, by name
 * @throws {PresenceError} INVALID_OPTION
 */
export function readAssumptions(given: Readonly<Partial<Record<AssumptionName, string>>>): Assumed {
  const wrong: string[] = []
  const assumed = {} as Record<AssumptionName, number>
  for (const name of ASSUMPTION_NAMES) {
    const value = valueOf(flagOf(name), ASSUMPTIONS[name], given[name])
    if (typeof value === 'string') wrong.push(value)
    else assumed[name] = value
  }
  if (wrong.length > 0)
    throw new PresenceError('INVALID_OPTION', `This cannot be planned:\n  - ${wrong.join('\n  - ')}`)
  return assumed
}

/** @returns the number, or a sentence on what is wrong with the text */
function valueOf(flag: string, { fallback, min, max, unit }: Assumption, text: string | undefined): number | string {
  if (text === undefined) return fallback ?? `${flag}: how many?`
  const isShare = unit === 'share'
  const [, digits, sign] = /^(\d[\d_,]*(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? []
  const read = Number(digits?.replaceAll(/[_,]/g, ''))
  // 0.05 might be a twentieth or a twentieth of a percent: a share says what it is of.
  if (digits === undefined || isShare !== (sign === '%')) {
    return `${flag}: is "${text}", needs ${isShare ? 'a share such as 5%' : 'a number such as 20'}`
  }
  const value = isShare ? read / 100 : read
  if (unit === 'count' && !Number.isInteger(value)) return `${flag}: is ${text}, needs a whole number`
  if (value < min || value > max) return `${flag}: is ${text}, needs ${show(min, isShare)} to ${show(max, isShare)}`
  return value
}

const show = (value: number, isShare: boolean): string =>
  isShare ? `${Number((value * 100).toPrecision(12))}%` : value.toLocaleString('en', { maximumFractionDigits: 6 })

/** An assumption as it would be typed. */
export const showAssumption = (name: AssumptionName, value: number): string =>
  show(value, ASSUMPTIONS[name].unit === 'share')
