import { createRequire } from 'node:module'
import type * as RedisPackage from 'redis'
import { PresenceError } from '../../domain/errors.ts'
import { createGuard, type Guard } from '../guard.ts'
import { createEars } from './ears.ts'
import { createListeners } from './listeners.ts'
import type { Script } from './scripts.ts'

type Client = ReturnType<typeof RedisPackage.createClient>
type Cluster = ReturnType<typeof RedisPackage.createCluster>

/** Where Redis is: URLs (several: the nodes of a Redis Cluster), or a host's own client, whose settings are taken over. */
export type RedisSource = string | readonly string[] | HostClient

/** A node-redis client or cluster, as far as it is needed here. */
export interface HostClient {
  // Whoever wrote it knows what it takes; node-redis types it for each set of modules anew.
  // oxlint-disable-next-line typescript/no-explicit-any
  duplicate(overrides?: any): unknown
}

export interface LinkOptions {
  readonly source: RedisSource
  readonly timeoutMs: number
  readonly breakerFailures: number
  readonly breakerCooldownMs: number
  /** Hears that calls fail at once from now on, or not any more. */
  readonly onBreak?: (isOpen: boolean) => void
  /** Hears after every call how many seconds it took. */
  readonly onAnswer?: (answered: boolean, seconds: number) => void
  /** Is given every call to run it. */
  readonly around?: <Result>(call: () => Promise<Result>) => Promise<Result>
  /** Hears of errors that no call reports. */
  readonly onError: (error: Error) => void
}

/** A Redis or a Redis Cluster, with everything that differs between them on the inside. */
export interface Link {
  readonly isCluster: boolean
  connect(): Promise<void>
  /** @param key decides which server is asked @throws {PresenceError} STORE_UNAVAILABLE */
  send(key: string, ...args: string[]): Promise<unknown>
  /** Runs a script on keys of one slot. @throws {PresenceError} STORE_UNAVAILABLE */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /** Listens to a shard channel, which is in one slot. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  /** Nothing is heard on a channel that is known to be in use: listens to it in another way, in its own time. */
  listenAnew(channel: string): void
  close(): Promise<void>
}

/** Milliseconds between two attempts to connect again: a constant, since what is lost meanwhile is looked up afterwards. */
const RECONNECT_MS = 200
/** Milliseconds after the first attempt at which the cluster is asked who is master now (the default is five seconds). */
const TOPOLOGY_REFRESH_MS = 300
/** Milliseconds between signs of life on a quiet connection, and after which a silent one is given up. */
const PING_MS = 1_000

/** Replies that say "not now" rather than "not so". */
const PASSING = /^(LOADING|CLUSTERDOWN|READONLY|MASTERDOWN|TRYAGAIN|BUSY|OOM|NOREPLICAS|UNKILLABLE)/

const load = createRequire(import.meta.url)

/** The client of Redis, loaded when it is first needed: a host that serves from one process installs none. */
function redis(): typeof RedisPackage {
  try {
    return load('redis')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error
    throw new PresenceError('INVALID_OPTION', 'The option redis needs the package: npm install redis.', {
      cause: error,
    })
  }
}

const isErrorReply = (error: unknown): error is Error => error instanceof redis().ErrorReply

const isAway = (error: unknown): boolean =>
  error instanceof PresenceError ? error.code === 'STORE_UNAVAILABLE' : isPassing(error)

// What is no reply of Redis is a connection that failed, or none at all.
const isPassing = (error: unknown): boolean => !isErrorReply(error) || PASSING.test(error.message)

export function createLink(options: LinkOptions): Link {
  const raw = openRaw(options)
  const guardOf = guards(options, raw.isCluster)
  let isClosing = false
  raw.onError((error) => {
    // What was under way when it was closed is told of by its own promise.
    if (!isClosing) options.onError(error)
  })
  return {
    isCluster: raw.isCluster,
    connect: () => connectInTime(raw),
    send: (key, ...args) => guardOf(key).call(() => raw.send(key, args)),
    run: (script, keys, args) => runScript(guardOf(keys[0] ?? ''), raw, script, keys, args),
    subscribe: (channel, listener) => raw.subscribe(channel, listener),
    listenAnew: (channel) => raw.listenAnew(channel),
    close: async () => {
      isClosing = true
      await raw.close()
    },
  }
}

/** One for a Redis; in a cluster one for each hash tag, so that a master that is away does not take the others along. */
function guards(options: LinkOptions, isCluster: boolean): (key: string) => Guard {
  const made = new Map<string, Guard>()
  return (key) => {
    const tag = isCluster ? key.slice(key.indexOf('{'), key.indexOf('}')) : ''
    const guard = made.get(tag) ?? createGuard({ name: 'Redis', isAway, ...options })
    made.set(tag, guard)
    return guard
  }
}

/** Milliseconds that the first connection may take: a server that starts beside us is waited for, one that is not there is told of. */
const CONNECT_MS = 5_000

async function connectInTime(raw: Raw): Promise<void> {
  let last: Error | undefined
  raw.onError((error) => {
    last = error
  })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(last ?? new Error('no answer')), CONNECT_MS)
  })
  try {
    await Promise.race([raw.connect(), late])
  } catch (error) {
    await raw.close()
    throw new PresenceError('STORE_UNAVAILABLE', 'Redis cannot be reached. Check REDIS_URL, or the redis option.', {
      retryable: true,
      cause: error,
    })
  } finally {
    clearTimeout(timer)
  }
}

async function runScript(
  guard: Guard,
  raw: Raw,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  const key = keys[0] ?? ''
  return guard.call(async () => {
    try {
      return await raw.send(key, ['EVALSHA', sha, ...rest])
    } catch (error) {
      // A server that restarted, or took over, has not seen it yet.
      if (!(isErrorReply(error) && error.message.startsWith('NOSCRIPT'))) throw error
      return raw.send(key, ['EVAL', text, ...rest])
    }
  })
}

/** The two kinds of clients under one roof. */
interface Raw {
  readonly isCluster: boolean
  connect(): Promise<void>
  send(key: string, args: string[]): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  listenAnew(channel: string): void
  onError(listener: (error: Error) => void): void
  close(): Promise<void>
}

function openRaw({ source, timeoutMs }: LinkOptions): Raw {
  // Version 2 of the protocol answers plain arrays, also from scripts.
  const client = {
    RESP: 2,
    disableOfflineQueue: true,
    pingInterval: PING_MS,
    // The guard times every call, with less than the AbortSignal that this would make for each.
    commandOptions: { timeout: 0 },
    socket: {
      reconnectStrategy: () => RECONNECT_MS,
      connectTimeout: timeoutMs,
      // Bytes that vanish on the way are noticed by the pings that come back or do not.
      socketTimeout: PING_MS + 2 * timeoutMs,
      // A cluster's client that comes back subscribes to everything before it heeds `drain`: more than fits the buffer, and it hangs.
      writableHighWaterMark: 1_048_576,
    },
  } as const
  const cluster = {
    RESP: 2,
    commandOptions: { timeout: 0 },
    defaults: client,
    topologyRefreshOnReconnectionAttemptStrategy: TOPOLOGY_REFRESH_MS,
  } as const
  if (typeof source === 'string') return single(redis().createClient({ ...client, url: source }) as Client, timeoutMs)
  if (isUrls(source)) {
    const rootNodes = source.map((url) => ({ url }))
    return clustered(redis().createCluster({ ...cluster, rootNodes }) as unknown as Cluster)
  }
  // The host's addresses, passwords and certificates stay; how failures are met is ours.
  if ('slots' in source) return clustered(source.duplicate({ RESP: 2 }) as Cluster)
  return single(source.duplicate({ ...OURS, pingInterval: PING_MS }) as Client, timeoutMs)
}

// Notices of maintenance come with version 3 only, and a client that was made for that insists on them.
const OURS = {
  RESP: 2,
  disableOfflineQueue: true,
  maintNotifications: 'disabled',
  commandOptions: { timeout: 0 },
} as const

const isUrls = (source: RedisSource): source is readonly string[] => Array.isArray(source)

function single(client: Client, timeoutMs: number): Raw {
  const errors = createListeners<Error>()
  client.on('error', errors.tell)
  const ears = createEars({
    // With version 2 of the protocol, a connection that listens can do nothing else.
    make: () => client.duplicate({ socket: { ...client.options.socket, reconnectStrategy: false } }) as Client,
    onError: errors.tell,
    againAfterMs: RECONNECT_MS,
    timeoutMs: 2 * timeoutMs,
  })
  return {
    isCluster: false,
    connect: async () => void (await Promise.all([client.connect(), ears.connect()])),
    send: (_key, args) => client.sendCommand(args),
    subscribe: ears.subscribe,
    // One connection hears all: if it is deaf to one channel it is to the others.
    listenAnew: ears.renew,
    onError: (listener) => void errors.add(listener),
    close: async () => {
      ears.close()
      if (client.isOpen) client.destroy()
    },
  }
}

function clustered(cluster: Cluster): Raw {
  const listeners = new Map<string, (message: string) => void>()
  const errors = createListeners<Error>()
  cluster.on('error', errors.tell)
  cluster.on('node-error', errors.tell)

  async function listenAnew(channel: string): Promise<void> {
    const listener = listeners.get(channel)
    await cluster.sUnsubscribe(channel)
    if (listener) await cluster.sSubscribe(channel, listener)
  }

  return {
    isCluster: true,
    connect: async () => void (await cluster.connect()),
    send: (key, args) => cluster.sendCommand(key, false, args),
    subscribe: async (channel, listener) => {
      listeners.set(channel, listener)
      await cluster.sSubscribe(channel, listener)
    },
    // The slot may have moved to a server that knows of no subscription.
    listenAnew: (channel) => void listenAnew(channel).catch(errors.tell),
    onError: (listener) => void errors.add(listener),
    close: async () => {
      if (cluster.isOpen) cluster.destroy()
    },
  }
}
