import { isIP } from 'node:net'
import { PresenceError } from './domain/errors.ts'
import { environmentName, optionsFromEnvironment, type PresenceOptions, resolveOptions } from './options.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const AUDIENCES = ['watchers', 'everyone'] as const

/** Environment variables of the standalone server, beside one for each option, with what they mean. */
export const SERVER_VARIABLES = {
  PORT: 'port to listen on; 0 picks any free one and prints it [3000]',
  HOST: 'address to listen on [all]',
  DATABASE_URL: 'PostgreSQL; absent: an embedded one below .data/',
  REDIS_URL: 'Redis, or several nodes of a Redis Cluster with commas; absent: the memory of one process',
  JWT_SECRET: 'secret of HS256 tokens',
  JWT_PREVIOUS_SECRET: 'the secret before it, while tokens signed with that are still to be accepted',
  JWKS_URL: 'where public keys of tokens are published, instead of a secret',
  JWT_AUDIENCE: 'whom tokens have to be meant for (aud), or several with commas',
  JWT_ISSUER: 'whom tokens have to come from (iss), or several with commas',
  JWT_CLOCK_TOLERANCE: 'seconds by which clocks may differ, 0 to 300 [0]',
  JWT_REQUIRE_EXP: 'on or off: on refuses tokens that never end [off]',
  CORS_ORIGIN: 'origins of pages that may call from elsewhere, with commas; * lets any',
  TRUST_PROXY:
    'whom to believe where a request comes from: the number of proxies, or their addresses with commas [nobody]',
  OPS_TOKEN: 'lets operators in at /ops; when set, /metrics is for operators, too',
  DEMO: 'on or off: seeds an empty directory and lets anybody sign in as anybody [on without DATABASE_URL]',
  DEMO_LIFE: 'on or off: simulated providers come and go [on with DEMO]',
  LOG_LEVEL: 'silent, error, warn, info or debug [info]',
  PRESENCE_AUDIENCE: 'watchers or everyone: who hears of a change; everyone suits small communities [watchers]',
  PRESENCE_REDIS_PREFIX: 'begins every key in Redis [porchlight]',
  PRESENCE_FLAGS_FILE:
    'flagd definitions with a flag presence, which says for whom it is on; watched [on for everybody]',
  PRESENCE_FLAGS_FALLBACK: 'on or off: what holds while the flags cannot be evaluated, and never were [off]',
  PRESENCE_RATE_LIMIT: 'on or off: off lifts the limits, for load tests [on]',
} as const

/** What the standalone server runs with, checked. */
export interface ServerSettings {
  readonly port: number
  readonly host?: string
  readonly databaseUrl: string
  /** One URL: a Redis; several: nodes of a Redis Cluster. */
  readonly redis?: string | readonly string[]
  readonly redisPrefix?: string
  readonly secret?: string
  readonly jwksUrl?: string
  readonly tokens: TokenSettings
  /** Origins of pages elsewhere that may call. */
  readonly corsOrigins: readonly string[]
  /** Which proxies are believed: so many hops, or these addresses and networks. */
  readonly trustProxy: false | number | readonly string[]
  readonly opsToken?: string
  readonly demo: boolean
  readonly demoLife: boolean
  readonly logLevel: LogLevel
  readonly audience: (typeof AUDIENCES)[number]
  readonly rateLimit: boolean
  /** For whom presence is on; absent: for everybody. */
  readonly flags?: { readonly file: string; readonly fallback: boolean }
  readonly options: PresenceOptions
}

/** What is asked of tokens, beside the key they are signed with. */
export interface TokenSettings {
  readonly previousSecret?: string
  readonly audience: readonly string[]
  readonly issuer: readonly string[]
  readonly clockToleranceS: number
  readonly requireExp: boolean
}

/** Settings as far as the environment says; what is absent is brought by the embedded demo. */
export type GivenSettings = Omit<ServerSettings, 'databaseUrl'> & { readonly databaseUrl?: string }

/**
 * Reads the environment; all that is wrong with it is said at once, a line each.
 *
 * @throws {PresenceError} INVALID_OPTION
 */
export function readSettings(env: Environment): GivenSettings {
  const wrong: string[] = []
  const databaseUrl = urlOf(env, 'DATABASE_URL', ['postgres:', 'postgresql:'], wrong)
  const jwksUrl = urlOf(env, 'JWKS_URL', ['https:', 'http:'], wrong)
  const demo = switchOf(env, 'DEMO', databaseUrl === undefined, wrong)
  const secret = textOf(env, 'JWT_SECRET')
  const settings = {
    port: portOf(env, wrong),
    demo,
    demoLife: switchOf(env, 'DEMO_LIFE', demo, wrong),
    logLevel: choiceOf(env, 'LOG_LEVEL', ['info', ...LOG_LEVELS], wrong),
    audience: choiceOf(env, 'PRESENCE_AUDIENCE', AUDIENCES, wrong),
    rateLimit: switchOf(env, 'PRESENCE_RATE_LIMIT', true, wrong),
    corsOrigins: originsOf(env, wrong),
    trustProxy: proxiesOf(env, wrong),
    options: optionsOf(env, wrong),
    tokens: tokensOf(env, wrong),
    ...present('databaseUrl', databaseUrl),
    ...redisOf(env, wrong),
    ...present('redisPrefix', textOf(env, 'PRESENCE_REDIS_PREFIX')),
    ...present('jwksUrl', jwksUrl),
    ...present('secret', secret),
    ...present('host', textOf(env, 'HOST')),
    ...present('opsToken', textOf(env, 'OPS_TOKEN')),
    ...flagsOf(env, wrong),
  }
  if (secret !== undefined && jwksUrl !== undefined) wrong.push('JWT_SECRET and JWKS_URL: set one of them, not both')
  if (!demo && secret === undefined && jwksUrl === undefined) {
    wrong.push('JWT_SECRET or JWKS_URL: outside the demo one of them is required')
  }
  if (demo && jwksUrl !== undefined) wrong.push('JWKS_URL: the demo signs its own tokens; use JWT_SECRET or DEMO=off')
  if (wrong.length > 0) {
    throw new PresenceError('INVALID_OPTION', `These settings cannot be used:\n  - ${wrong.join('\n  - ')}`)
  }
  return settings
}

function flagsOf(env: Environment, wrong: string[]): Pick<ServerSettings, 'flags'> {
  const file = textOf(env, 'PRESENCE_FLAGS_FILE')
  const fallback = switchOf(env, 'PRESENCE_FLAGS_FALLBACK', false, wrong)
  return file === undefined ? {} : { flags: { file, fallback } }
}

/** @throws {PresenceError} INVALID_OPTION */
export function readDatabaseUrl(env: Environment): string | undefined {
  const wrong: string[] = []
  const url = urlOf(env, 'DATABASE_URL', ['postgres:', 'postgresql:'], wrong)
  if (wrong.length > 0) throw new PresenceError('INVALID_OPTION', wrong.join('\n'))
  return url
}

type Optional<Key extends string> = { readonly [K in Key]?: string }

const present = <Key extends string>(key: Key, value: string | undefined): Optional<Key> =>
  (value === undefined ? {} : { [key]: value }) as Optional<Key>

function textOf(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim()
  return text === '' ? undefined : text
}

function urlOf(env: Environment, name: string, protocols: readonly string[], wrong: string[]): string | undefined {
  const text = textOf(env, name)
  if (text === undefined) return undefined
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    wrong.push(`${name}: needs a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`)
  }
  return text
}

/** Where nodes share what they know, or undefined: in the memory of one process. @throws {PresenceError} INVALID_OPTION */
export function readRedis(
  env: Environment,
): { readonly redis: string | readonly string[]; readonly redisPrefix?: string } | undefined {
  const wrong: string[] = []
  const { redis } = redisOf(env, wrong)
  if (wrong.length > 0) throw new PresenceError('INVALID_OPTION', wrong.join('; '))
  return redis === undefined ? undefined : { redis, ...present('redisPrefix', textOf(env, 'PRESENCE_REDIS_PREFIX')) }
}

function redisOf(env: Environment, wrong: string[]): { readonly redis?: string | readonly string[] } {
  const urls = textOf(env, 'REDIS_URL')
    ?.split(',')
    .map((url) => url.trim())
  if (urls === undefined) return {}
  const isRedis = (url: string) => URL.canParse(url) && ['redis:', 'rediss:'].includes(new URL(url).protocol)
  if (!urls.every(isRedis)) wrong.push('REDIS_URL: needs a URL that starts with redis:// or rediss://, or several')
  const [first = '', ...others] = urls
  return { redis: others.length === 0 ? first : urls }
}

const listOf = (env: Environment, name: string): string[] =>
  (textOf(env, name)?.split(',') ?? []).map((text) => text.trim()).filter((text) => text !== '')

/** Clocks that differ by more are broken, and tokens would live on for that long. */
const MAX_TOLERANCE_S = 300

function tokensOf(env: Environment, wrong: string[]): TokenSettings {
  const text = textOf(env, 'JWT_CLOCK_TOLERANCE') ?? '0'
  if (!/^\d+$/.test(text) || Number(text) > MAX_TOLERANCE_S) {
    wrong.push(`JWT_CLOCK_TOLERANCE: is "${text}", needs a whole number of seconds from 0 to ${MAX_TOLERANCE_S}`)
  }
  const previousSecret = textOf(env, 'JWT_PREVIOUS_SECRET')
  if (previousSecret !== undefined && textOf(env, 'JWT_SECRET') === undefined) {
    wrong.push('JWT_PREVIOUS_SECRET: means nothing without JWT_SECRET, the one that is signed with')
  }
  return {
    audience: listOf(env, 'JWT_AUDIENCE'),
    issuer: listOf(env, 'JWT_ISSUER'),
    clockToleranceS: Number(text),
    requireExp: switchOf(env, 'JWT_REQUIRE_EXP', false, wrong),
    ...present('previousSecret', previousSecret),
  }
}

/** Origins as browsers write them: without a path. */
function originsOf(env: Environment, wrong: string[]): string[] {
  const origins = listOf(env, 'CORS_ORIGIN')
  const isOrigin = (text: string) => text === '*' || (URL.canParse(text) && new URL(text).origin === text.toLowerCase())
  const odd = origins.find((origin) => !isOrigin(origin))
  if (odd !== undefined) wrong.push(`CORS_ORIGIN: "${odd}" is no origin; one looks like https://example.com`)
  return origins
}

/** Names of networks that `proxy-addr` knows. */
const NETWORKS = new Set(['loopback', 'linklocal', 'uniquelocal'])

function proxiesOf(env: Environment, wrong: string[]): ServerSettings['trustProxy'] {
  const proxies = listOf(env, 'TRUST_PROXY')
  const [first = '', ...others] = proxies
  if (first === '' || OFF.has(first.toLowerCase())) return false
  if (others.length === 0 && /^\d{1,2}$/.test(first)) return Number(first)
  const isProxy = (text: string) => NETWORKS.has(text) || isNetwork(text)
  const odd = proxies.find((proxy) => !isProxy(proxy))
  if (odd !== undefined) {
    wrong.push(`TRUST_PROXY: "${odd}" is neither a number of proxies nor an address; whoever is believed can claim any`)
  }
  return proxies
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const kind = isIP(address)
  if (kind === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 4 ? 32 : 128))
}

const ON = new Set(['on', 'true', '1', 'yes'])
const OFF = new Set(['off', 'false', '0', 'no'])

function switchOf(env: Environment, name: string, fallback: boolean, wrong: string[]): boolean {
  const text = textOf(env, name)?.toLowerCase()
  if (text === undefined) return fallback
  if (!ON.has(text) && !OFF.has(text)) wrong.push(`${name}: is "${text}", needs on or off`)
  return ON.has(text)
}

function portOf(env: Environment, wrong: string[]): number {
  const text = textOf(env, 'PORT') ?? '3000'
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) wrong.push(`PORT: is "${text}", needs a whole number from 0 to 65535`)
  return port
}

function choiceOf<Choice extends string>(
  env: Environment,
  name: string,
  choices: readonly [fallback: Choice, ...others: Choice[]],
  wrong: string[],
): Choice {
  const text = textOf(env, name)?.toLowerCase() ?? choices[0]
  const choice = choices.find((known) => known === text)
  if (choice === undefined) wrong.push(`${name}: is "${text}", needs one of ${choices.join(', ')}`)
  return choice ?? choices[0]
}

/** Says of a wrong option which variable it came from, and what that held. */
function nameVariable(line: string, env: Environment): string {
  const option = line.split(' ')[0] as keyof PresenceOptions
  const variable = environmentName(option)
  return `${variable}: ${line.replace(' is NaN', ` is "${env[variable]}"`)}`
}

function optionsOf(env: Environment, wrong: string[]): PresenceOptions {
  try {
    return resolveOptions(optionsFromEnvironment(env))
  } catch (error) {
    if (!(error instanceof PresenceError)) throw error
    wrong.push(...error.message.split('; ').map((line) => nameVariable(line, env)))
    return resolveOptions()
  }
}
