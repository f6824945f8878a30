import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'

/** What the system counts. Labels are bounded; none of them names a user (R35). */
export interface Metrics {
  readonly transitions: Counter<'to'>
  readonly sessionsStarted: Counter
  readonly sessionsEnded: Counter
  readonly announcements: Counter
  readonly deliveries: Counter
  readonly projectedRows: Counter
  readonly liveSearches: Gauge
  readonly searchRuns: Counter
  readonly searchDiffs: Counter
  readonly refusals: Counter<'code'>
  readonly floods: Counter
  readonly unacknowledged: Counter
  readonly socketErrors: Counter
  readonly localSessions: Gauge
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
  /** The Prometheus text of everything above. */
  text(): Promise<string>
}

/** Milliseconds between two looks at the event loop, each of which wakes the process up. */
const EVENT_LOOP_PRECISION_MS = 100

/** Metrics in a registry of their own, so that a host's default registry stays as it is. */
export function createMetrics({ process = false }: { process?: boolean } = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name: `porchlight_${name}`, help, registers })
  if (process) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS })
  const gauge = (name: string, help: string) => new Gauge({ name: `porchlight_${name}`, help, registers })
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
    deliveries: counter('deliveries_total', 'Updates written to a connection'),
    projectedRows: counter('projected_rows_total', 'Rows of presence written to PostgreSQL'),
    liveSearches: gauge('live_searches', 'Different searches that connections of this node watch'),
    searchRuns: counter('live_search_runs_total', 'Computations of watched searches'),
    searchDiffs: counter('live_search_diffs_total', 'Changes of watched searches written to a connection'),
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
    localSessions: gauge('sessions', 'Sessions of this node'),
    text: () => registry.metrics(),
  }
}
