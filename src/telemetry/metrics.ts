import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What the system counts. Labels are bounded; none of them names a user (R35). */
export interface Metrics {
  readonly transitions: Counter<'to'>
  readonly sessionsStarted: Counter
  readonly sessionsEnded: Counter
  readonly announcements: Counter
  readonly changeDelay: Histogram
  readonly deliveries: Counter
  readonly frames: Counter
  readonly watchedUsers: Gauge
  readonly projectedRows: Counter
  readonly projectionLag: Gauge
  readonly liveSearches: Gauge
  readonly searchRuns: Counter
  readonly searchDiffs: Counter
  readonly requestSeconds: Histogram<'route' | 'status'>
  readonly eventSeconds: Histogram<'event'>
  readonly refusals: Counter<'code'>
  readonly floods: Counter
  readonly unacknowledged: Counter
  readonly socketErrors: Counter
  readonly localSessions: Gauge
  readonly switchedOffConnections: Gauge
  readonly remoteChanges: Counter
  readonly logGaps: Counter
  readonly reconciled: Counter
  readonly sweptSessions: Counter
  readonly leasesLost: Counter
  readonly storeLost: Counter
  readonly lastResults: Counter
  readonly retained: Counter<'what'>
  readonly purges: Counter<'outcome'>
  readonly storeUp: Gauge
  readonly postgresUp: Gauge
  readonly breakerOpen: Gauge<'service'>
  readonly storeSeconds: Histogram<'service'>
  /** The Prometheus text of everything above. */
  text(): Promise<string>
}

/** Upper bounds in seconds, from what one statement takes to the longest that a call may. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Milliseconds between two looks at the event loop, each of which wakes the process up. */
const EVENT_LOOP_PRECISION_MS = 100

/** Metrics in a registry of their own, so that a host's default registry stays as it is. */
export function createMetrics({ process = false }: { process?: boolean } = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name: `porchlight_${name}`, help, registers })
  if (process) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS })
  const gauge = (name: string, help: string) => new Gauge({ name: `porchlight_${name}`, help, registers })
  const timing = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Histogram({ name: `porchlight_${name}`, help, labelNames, buckets: SECONDS, registers })
  const up = gauge('store_up', 'Whether the store answers (1, 0); always 1 in memory mode')
  up.set(1)
  return {
    transitions: new Counter({
      name: 'porchlight_transitions_total',
      help: 'Changes of a status',
      labelNames: ['to'],
      registers,
    }),
    sessionsStarted: counter('sessions_started_total', 'Sessions that began'),
    sessionsEnded: counter('sessions_ended_total', 'Sessions that ended'),
    announcements: counter('announcements_total', 'Changes of a view handed to delivery'),
    changeDelay: timing('change_delay_seconds', 'From a change of a view to its delivery on this node', []),
    deliveries: counter('deliveries_total', 'Updates written to a connection'),
    frames: counter('frames_total', 'Frames of updates written to a connection'),
    watchedUsers: gauge('watched_users', 'Users whom connections of this node watch'),
    projectedRows: counter('projected_rows_total', 'Rows of presence written to PostgreSQL'),
    projectionLag: gauge('projection_lag_seconds', 'Age of the oldest change that PostgreSQL does not have yet'),
    liveSearches: gauge('live_searches', 'Different searches that connections of this node watch'),
    searchRuns: counter('live_search_runs_total', 'Computations of watched searches'),
    searchDiffs: counter('live_search_diffs_total', 'Changes of watched searches written to a connection'),
    requestSeconds: timing('request_seconds', 'Requests answered', ['route', 'status']),
    eventSeconds: timing('event_seconds', 'Events answered', ['event']),
    refusals: new Counter({
      name: 'porchlight_refusals_total',
      help: 'Calls refused',
      labelNames: ['code'],
      registers,
    }),
    floods: counter('floods_total', 'Connections closed because their client went on far above a limit'),
    unacknowledged: counter('unacknowledged_events_total', 'Events that came without an acknowledgement'),
    socketErrors: counter('socket_errors_total', 'Errors that sockets reported'),
    remoteChanges: counter('remote_changes_total', 'Changes heard from other nodes'),
    logGaps: counter('log_gaps_total', 'Changes of other nodes that were not heard and had to be looked up'),
    reconciled: counter('reconciled_total', 'Users of whom the store was told anew which connections stand'),
    sweptSessions: counter('swept_sessions_total', 'Sessions of dead nodes that this node ended'),
    leasesLost: counter('lease_lost_total', 'Times this node was taken for dead'),
    storeLost: counter('store_lost_total', 'Times the store stopped answering'),
    lastResults: counter('last_results_total', 'Searches answered by what was found last, as PostgreSQL was away'),
    retained: new Counter({
      name: 'porchlight_retained_sessions_total',
      help: 'Old sessions whose personal data was shortened, or that were deleted',
      labelNames: ['what'],
      registers,
    }),
    purges: new Counter({
      name: 'porchlight_purges_total',
      help: 'Calls of the hook that purges caches',
      labelNames: ['outcome'],
      registers,
    }),
    storeUp: up,
    postgresUp: gauge('postgres_up', 'Whether PostgreSQL answered when it was asked last (1, 0)'),
    breakerOpen: new Gauge({
      name: 'porchlight_breaker_open',
      help: 'Whether calls of a service fail at once, because so many failed before (1, 0)',
      labelNames: ['service'],
      registers,
    }),
    storeSeconds: timing('store_seconds', 'Calls of a service behind us', ['service']),
    localSessions: gauge('sessions', 'Sessions of this node'),
    switchedOffConnections: gauge('switched_off_connections', 'Connections of users for whom presence is switched off'),
    text: () => registry.metrics(),
  }
}
