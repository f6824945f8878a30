import type { Assumed } from './assumptions.ts'

/** What happens in the busiest second of a system, whatever carries it. */
export interface Demand {
  /** Users present. */
  readonly present: number
  readonly connections: number
  /** Each of the following a second. */
  readonly transitions: number
  readonly connects: number
  readonly deliveries: number
  readonly activities: number
  readonly heartbeats: number
  readonly decisions: number
  /** Activities that are written down: each user at most every five minutes (R22). */
  readonly activityRows: number
  readonly sessionRows: number
  /** Users read from PostgreSQL because Redis has not got them, at most: whoever arrives, and the absent whom they watch. */
  readonly loads: number
  /** Users kept in Redis who are not present, at most: they left lately. */
  readonly resting: number
}

const HOUR_S = 3_600
/** `activityFlushMs` by default: twelve times an hour. */
const FLUSHES_PER_HOUR = 12
/** Seconds for which Redis keeps the record of somebody who is not there (`RESTING_S` of the store). */
const RESTING_S = 900

export function demandOf(assumed: Assumed): Demand {
  const present = assumed.users * assumed.peakOnline
  const connections = present * assumed.devices
  const perSecond = (perHour: number): number => (present * perHour) / HOUR_S
  const transitions = perSecond(assumed.transitionsPerUserHour)
  const connects = perSecond(assumed.connectsPerUserHour)
  const activityRows = perSecond(Math.min(FLUSHES_PER_HOUR, assumed.activitiesPerUserHour))
  // Popular people are remembered for a moment; how many that spares, nobody knows beforehand.
  const loads = connects * (1 + assumed.watch * (1 - assumed.watchedPresent))
  return {
    present,
    connections,
    transitions,
    connects,
    deliveries: (connections * assumed.watch * assumed.watchedPresent * assumed.transitionsPerUserHour) / HOUR_S,
    activities: perSecond(assumed.activitiesPerUserHour),
    heartbeats: connections / assumed.pingSeconds,
    decisions: perSecond(assumed.decisionsPerUserHour),
    activityRows,
    sessionRows: 2 * connects + activityRows,
    loads,
    resting: Math.min(assumed.users - present, (RESTING_S * transitions) / 2),
  }
}
