import type { Metrics } from '../telemetry/metrics.ts'

/** What front doors say to the operator. Fields never hold a user id, an IP address, a user agent or a token (R35). */
export interface Log {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What front doors count. */
export interface DoorMetrics {
  /** A call was refused, whether or not anybody waits for the answer. */
  refused(door: 'http' | 'socket', code: string): void
  /** An event came without an ack, so it was answered by nothing. */
  unanswered(event: string): void
  /** An event above the limit was dropped without a word. */
  dropped(event: string): void
  /** A connection was closed because its client went on far above a limit. */
  flooded(): void
  /** A request was answered. @param route its path as the routes are declared: bounded, and without ids */
  requested(route: string, status: number, seconds: number): void
  /** An event was answered. */
  answered(event: string, seconds: number): void
}

const nothing = (): void => {}

export const noMetrics: DoorMetrics = {
  refused: nothing,
  unanswered: nothing,
  dropped: nothing,
  flooded: nothing,
  requested: nothing,
  answered: nothing,
}

/** Counts in the system's own metrics. */
export const countDoors = (metrics: Metrics): DoorMetrics => ({
  refused: (_door, code) => metrics.refusals.inc({ code }),
  unanswered: () => metrics.unacknowledged.inc(),
  dropped: () => metrics.refusals.inc({ code: 'RATE_LIMITED' }),
  flooded: () => metrics.floods.inc(),
  requested: (route, status, seconds) => metrics.requestSeconds.observe({ route, status }, seconds),
  answered: (event, seconds) => metrics.eventSeconds.observe({ event }, seconds),
})
