import type { Counters, Quota } from '../domain/quota.ts'
import { createRateLimiter, noLimit, type RateLimiter, tooMuch } from './rate-limit.ts'
import { createPace, noPace, type Pace } from './pace.ts'
import { createTimeShare, type TimeShare, wholeTime } from './time-share.ts'

/** The numbers behind the limits; see `PresenceOptions`. */
export interface LimitOptions {
  readonly eventsPerSecond: number
  readonly eventsBurst: number
  readonly refusedBurst: number
  readonly floodPenaltyMs: number
  readonly readsPerSecond: number
  readonly readsBurst: number
  readonly connectsPerMinute: number
  readonly decisionsPerMinute: number
  readonly searchesPerMinute: number
  readonly reportsPerHour: number
  readonly addressConnectsPerMinute: number
  readonly addressFailuresPerMinute: number
  readonly addressRequestsPerSecond: number
  readonly addressRequestsBurst: number
  readonly packetsPerSecond: number
  readonly packetsBurst: number
}

const MINUTE_MS = 60_000
/** A user with all their devices and tabs comes at once; a second of what comes after is a tenth of a second of work. */
const HANDSHAKES = { perSecond: 50, burst: 40, mostWaiting: 500 }
/** Of the time of a node, for the searches of one address. An office of a hundred people needs a quarter of it. */
const SEARCH_TIME = { share: 0.1, burstMs: 100, mostWaiting: 200 }

/** What is counted for all nodes together: it comes rarely enough to ask a store, and would be a multiple otherwise. */
const quotasOf = (options: LimitOptions) =>
  ({
    /** Connections of a user. */
    connects: { points: options.connectsPerMinute, windowMs: MINUTE_MS },
    /** Decisions of a user, by HTTP or by socket: each is a row in PostgreSQL. */
    decisions: { points: options.decisionsPerMinute, windowMs: MINUTE_MS },
    /** Searches of an address, or over a socket of a user: each may be a query of PostgreSQL. */
    searches: { points: options.searchesPerMinute, windowMs: MINUTE_MS },
    reports: { points: options.reportsPerHour, windowMs: 60 * MINUTE_MS },
    /** Connections of an address. */
    addressConnects: { points: options.addressConnectsPerMinute, windowMs: MINUTE_MS },
    /** Tokens of an address that were refused. */
    addressFailures: { points: options.addressFailuresPerMinute, windowMs: MINUTE_MS },
  }) satisfies Record<string, Omit<Quota, 'name'>>

export type QuotaName = keyof ReturnType<typeof quotasOf>

/** Every limit on how much somebody may ask for (R53). */
export interface Limits {
  /** Events and changes of a user: asked for each event, so in this process alone (ADR 0009). */
  readonly events: RateLimiter
  /** Events that were refused: whoever spends this too is flooding. */
  readonly refusals: RateLimiter
  /** Users of whom a user asks. */
  readonly reads: RateLimiter
  /** HTTP requests of an address. */
  readonly requests: RateLimiter
  /** Connections that an address makes at once, whatever it has left of its quota. */
  readonly arrivals: RateLimiter
  /** Packets of a connection, whatever is in them. */
  readonly packets: RateLimiter
  /** Handshakes of a user: whoever connects in a loop waits. */
  readonly handshakes: Pace
  /** Searches of an address: how many there may be at once depends on what they cost. */
  readonly searchTime: TimeShare
  /** @throws {PresenceError} RATE_LIMITED above the quota */
  spend(quota: QuotaName, key: string): Promise<void>
  /** Lets a user who flooded a connection make none for `floodPenaltyMs`. */
  turnAway(userId: string): Promise<void>
}

/** @param counters of all nodes, where there are several */
export function createLimits(options: LimitOptions, counters: Counters): Limits {
  const quotas = quotasOf(options)
  const of = (name: QuotaName): Quota => ({ name, ...quotas[name] })
  const { eventsPerSecond, eventsBurst, refusedBurst, readsPerSecond, readsBurst } = options
  return {
    events: createRateLimiter({ perSecond: eventsPerSecond, burst: eventsBurst }),
    refusals: createRateLimiter({ perSecond: eventsPerSecond, burst: refusedBurst }),
    reads: createRateLimiter({ perSecond: readsPerSecond, burst: readsBurst }),
    requests: createRateLimiter({ perSecond: options.addressRequestsPerSecond, burst: options.addressRequestsBurst }),
    arrivals: createRateLimiter(atOnce(options.addressConnectsPerMinute)),
    packets: createRateLimiter({ perSecond: options.packetsPerSecond, burst: options.packetsBurst }),
    handshakes: createPace(HANDSHAKES),
    searchTime: createTimeShare(SEARCH_TIME),
    async spend(name, key) {
      const waitMs = await counters.spend(of(name), key)
      if (waitMs > 0) throw tooMuch(waitMs)
    },
    turnAway: (userId) => counters.close(of('connects'), userId, options.floodPenaltyMs),
  }
}

/** Of what is allowed in a minute, a sixth may come at once, and twice the average afterwards: nobody spends it all in a second. */
const atOnce = (perMinute: number) => ({ perSecond: Math.max(1, perMinute / 30), burst: Math.max(1, perMinute / 6) })

/** Lets everything through, for load tests. */
export const noLimits: Limits = {
  events: noLimit,
  refusals: noLimit,
  reads: noLimit,
  requests: noLimit,
  arrivals: noLimit,
  packets: noLimit,
  handshakes: noPace,
  searchTime: wholeTime,
  spend: async () => {},
  turnAway: async () => {},
}
