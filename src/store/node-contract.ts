export const NODE_REPORT_FIELDS = ['at', 'users', 'sessions', 'transitionsPerS', 'projectionLagMs'] as const

/** What a node says of itself, for operators: counts and spans, none of which tells of a user (R35). */
export interface NodeReport {
  /** Epoch milliseconds of the store's clock. */
  readonly at: number
  /** Users with a session of the node. */
  readonly users: number
  readonly sessions: number
  /** Changes of a status by the node, each second. */
  readonly transitionsPerS: number
  /** Age of the oldest change of the node's that PostgreSQL does not have yet, in milliseconds. */
  readonly projectionLagMs: number
}

/** A node as the others see it. Moments are epoch milliseconds of the store's clock. */
export interface NodeState {
  readonly nodeId: string
  /** Whether it is the one that was asked. */
  readonly isOwn: boolean
  /** The version of what it writes (R55); null of one that is gone. */
  readonly schema: number | null
  /** When its lease was renewed last; of one that is gone, when it was last known to live. */
  readonly renewedAt: number
  /** Until when it is believed alive; null: it is gone, and left sessions that are being ended. */
  readonly until: number | null
  /** Null: it said nothing lately. */
  readonly report: NodeReport | null
}

/** What nodes that share a store tell operators about each other. */
export interface NodeDirectory {
  /** Tells the others how this node is. It is forgotten when it is not told again. */
  tellReport(report: NodeReport): Promise<void>
  /** Who there is, by their leases, and who is gone and left sessions behind. */
  nodes(): Promise<NodeState[]>
}
