import type { PresenceInfo } from '../domain/info.ts'
import type { Status } from '../domain/status.ts'
import type { AudienceLevel } from '../domain/visibility.ts'

// What operators are answered at /ops. Moments are ISO 8601, of the store's clock.

/** How one node was at a moment, and what it did since the sample before. */
export interface OperatorSample {
  at: string
  users: number
  sessions: number
  transitions_per_s: number
  deliveries_per_s: number
  /** From a change to its delivery, in milliseconds; null: nothing changed. */
  delay_p50_ms: number | null
  delay_p99_ms: number | null
  projection_lag_ms: number
}

/** A node by its lease, and what it said of itself last. */
export interface OperatorNode {
  node_id: string
  /** Whether it is the one that answers. */
  is_own: boolean
  /** `gone`: its lease ran out, and sessions that it left are being ended. */
  state: 'live' | 'overdue' | 'gone'
  schema: number | null
  /** Null where there is one node, which has no lease. */
  lease_renewed_at: string | null
  lease_until: string | null
  /** Null: it said nothing lately. */
  users: number | null
  sessions: number | null
  transitions_per_s: number | null
  projection_lag_ms: number | null
}

export interface OperatorOverview {
  node_id: string
  at: string
  /** Milliseconds between two samples. */
  sample_every_ms: number
  /** Whether nodes share a store; else there is this one alone. */
  is_shared: boolean
  samples: OperatorSample[]
  /** Null: the store does not answer. */
  nodes: OperatorNode[] | null
  degraded: { part: string; sentence: string }[]
  draining: boolean
}

/** A reason by name and in words; `is_trouble`: something is behind or away. */
export interface OperatorReason {
  rule: string
  sentence: string
  is_trouble: boolean
}

export interface OperatorSession {
  id: string
  state: 'active' | 'idle' | 'grace' | 'node-lost'
  sentence: string
  node_id: string | null
  device_type: 'web' | 'mobile' | 'desktop'
  /** "Chrome on Windows", or null. */
  device_name: string | null
  /** Shortened: a street of it, not the house. */
  network: string | null
  connected_at: string
  last_active_at: string
}

/** One user's presence, explained. */
export interface PresenceExplanation {
  user_id: string
  at: string
  node_id: string
  /** Proves whose presence a line in the log is about; kept nowhere else. */
  receipt: string
  /** `unknown`: nothing can be said now. Null: there is nobody. */
  status: Status | 'unknown' | null
  cause: OperatorReason
  notes: OperatorReason[]
  sessions: OperatorSession[]
  /** Null where there is no record of them. */
  choice: { status: string | null; message: string | null; expires_at: string | null; chosen_at: string | null } | null
  visibility: {
    show_online_status: boolean
    status_audience: AudienceLevel
    last_seen_audience: AudienceLevel
    coarse_last_seen: boolean
    /** Null: never decided. */
    decided_at: string | null
    blocked_viewers: number
  } | null
  /** What each audience is told. */
  views: { own: PresenceInfo; contact: PresenceInfo; stranger: PresenceInfo } | null
  /** What the viewer who was asked about is told, and why. */
  viewer: {
    user_id: string
    audience: 'own' | 'contact' | 'stranger' | 'nobody'
    presence: PresenceInfo
    sentence: string
  } | null
}
