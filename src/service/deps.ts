import type { Broadcaster } from '../broadcast/contract.ts'
import type { Rules } from '../domain/rules.ts'
import type { Concern, DurableStore, HotStore, ReportStore, SharedHotStore } from '../store/contract.ts'
import type { History } from '../telemetry/history.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Traces } from '../telemetry/traces.ts'
import type { Admissions } from './admissions.ts'
import type { LastPages } from './last-results/last-pages.ts'
import type { LocalSessions } from './local-sessions.ts'
import type { PendingDecisions } from './pending-decisions.ts'
import type { Purge } from './purge.ts'
import type { RecordLoader } from './record-loader.ts'
import type { Relations } from './relations.ts'
import type { Relistings } from './relistings.ts'
import type { Rollout } from './rollout/rollout.ts'
import type { ReportNotice } from './report-message.ts'
import type { SessionLog } from './session-log.ts'

/** What this node has to catch up with on a store that it shares. */
export interface Backlog {
  /** Users of whom the store may not agree with the connections of this node: told again until it does (R46). */
  readonly unstated: Set<string>
  /** Who has to be compared with the store. */
  readonly doubts: Set<Concern>
  /**
   * The store may not know everybody who is present (R23). First they are brought into it, then, from a moment of its clock on, rows of
   * sessions that nobody answered for are ended. Null: nothing to recover.
   */
  recovery: 'wanted' | { readonly endRowsAt: number } | null
}

/** What every verb of this room works with. */
export interface ServiceDeps {
  readonly hot: HotStore
  /** The hot store again when other nodes share it; null in memory mode. */
  readonly shared: SharedHotStore | null
  readonly durable: DurableStore
  readonly reports: ReportStore
  readonly cold: RecordLoader
  readonly broadcast: Broadcaster
  readonly rules: Rules
  readonly local: LocalSessions
  readonly sessionLog: SessionLog
  readonly pendingDecisions: PendingDecisions
  readonly relations: Relations
  /** How many viewers a user may block. */
  readonly maxBlocks: number
  readonly lastPages: LastPages
  readonly purge: Purge
  readonly relistings: Relistings
  readonly admissions: Admissions
  /** For whom presence is switched on; null: for everybody. */
  readonly rollout: Rollout | null
  readonly backlog: Backlog
  readonly log: Logger
  readonly metrics: Metrics
  readonly traces: Traces
  /** The last minutes of this node. */
  readonly history: History
  readonly hasDirectory: boolean
  /** Milliseconds without the store after which nothing is shown any more (R45). */
  readonly staleAfterMs: number
  /** Milliseconds for which a search may answer what it found last while PostgreSQL is away (R50). */
  readonly lastResultsMs: number
  /** The host's say on a message before it is stored; it answers the message to store, or null to clear it (R15). */
  /** Longest wait for it, in milliseconds. */
  readonly moderationTimeoutMs: number
  /** Told of each new report; nobody waits for it. */
  readonly onReport?: ((report: ReportNotice) => unknown) | undefined
  readonly moderateMessage?: ((message: string, userId: string) => string | null | Promise<string | null>) | undefined
}
