import type { Reason } from '../domain/explain/evidence.ts'
import type { ExplainedSession } from '../domain/explain/sessions.ts'
import { isoTime, presenceInfo } from '../domain/info.ts'
import { NO_NODE } from '../domain/session.ts'
import { shortenAddress } from '../domain/shorten-address.ts'
import type { UserRecord } from '../domain/user-record.ts'
import { versionTime } from '../domain/version.ts'
import type { View } from '../domain/view.ts'
import type {
  OperatorNode,
  OperatorOverview,
  OperatorReason,
  OperatorSample,
  PresenceExplanation,
} from '../protocol/operator.ts'
import type { ExplainedPresence } from '../service/operate/explain-presence.ts'
import { SAMPLE_EVERY_MS } from '../service/operate/note-sample.ts'
import type { Overview } from '../service/operate/overview.ts'
import { deviceNameOf } from './device.ts'

const iso = (at: number): string => new Date(at).toISOString()

/** When a decision was made; null of one that never was. */
const decidedAt = (version: number): string | null => (version === 0 ? null : iso(versionTime(version)))

/** Words how the system is. */
export function wordOverview(
  { nodeId, at, isShared, samples, nodes, degraded }: Overview,
  draining: boolean,
): OperatorOverview {
  return {
    node_id: nodeId,
    at: iso(at),
    sample_every_ms: SAMPLE_EVERY_MS,
    is_shared: isShared,
    samples: samples.map(wordSample),
    nodes: nodes?.map((node) => wordNode(node, at, isShared)) ?? null,
    degraded: degraded.map(({ part, sentence }) => ({ part, sentence })),
    draining,
  }
}

const wordSample = (sample: Overview['samples'][number]): OperatorSample => ({
  at: iso(sample.at),
  users: sample.users,
  sessions: sample.sessions,
  transitions_per_s: rounded(sample.transitionsPerS),
  deliveries_per_s: rounded(sample.deliveriesPerS),
  delay_p50_ms: sample.delayP50Ms === null ? null : rounded(sample.delayP50Ms),
  delay_p99_ms: sample.delayP99Ms === null ? null : rounded(sample.delayP99Ms),
  projection_lag_ms: rounded(sample.projectionLagMs),
})

/** Three digits are more than anybody sees in a plot. */
const rounded = (value: number): number => Number(value.toPrecision(3))

function wordNode(node: NonNullable<Overview['nodes']>[number], now: number, isShared: boolean): OperatorNode {
  const { nodeId, isOwn, schema, renewedAt, until, report } = node
  return {
    node_id: nodeId,
    is_own: isOwn,
    state: until === null ? 'gone' : until <= now ? 'overdue' : 'live',
    schema,
    lease_renewed_at: isShared ? iso(renewedAt) : null,
    lease_until: isShared ? isoTime(until) : null,
    users: report?.users ?? null,
    sessions: report?.sessions ?? null,
    transitions_per_s: report === null ? null : rounded(report.transitionsPerS),
    projection_lag_ms: report === null ? null : rounded(report.projectionLagMs),
  }
}

/** Words one user's presence, explained. Of addresses only a street is told, of devices only their names (R35). */
export function wordExplanation(explained: ExplainedPresence): PresenceExplanation {
  const { userId, at, nodeId, receipt, status, cause, notes, sessions, record, viewer, traces } = explained
  const info = (view: View, showStatus = true) => presenceInfo(userId, view, showStatus)
  return {
    user_id: userId,
    at: iso(at),
    node_id: nodeId,
    receipt,
    status,
    cause: wordReason(cause),
    notes: notes.map(wordReason),
    sessions: sessions.map((session) => wordSession(session, traces)),
    choice: record && wordChoice(record),
    visibility: record && wordVisibility(record),
    views: record && {
      own: info(record.own, record.visibility.visible),
      contact: info(record.contact),
      stranger: info(record.stranger),
    },
    viewer: viewer && {
      user_id: viewer.viewerId,
      audience: viewer.audience,
      presence: info(viewer.view),
      sentence: viewer.sentence,
    },
  }
}

const wordReason = ({ rule, sentence, isTrouble }: Reason): OperatorReason => ({
  rule,
  sentence,
  is_trouble: isTrouble,
})

function wordSession(
  { session, state, sentence }: ExplainedSession,
  traces: ExplainedPresence['traces'],
): PresenceExplanation['sessions'][number] {
  const trace = traces.get(session.sessionId)
  return {
    id: session.sessionId,
    state,
    sentence,
    node_id: session.nodeId === NO_NODE ? null : session.nodeId,
    device_type: session.deviceType,
    device_name: deviceNameOf(trace?.userAgent ?? null),
    network: shortenAddress(trace?.ipAddress ?? null),
    connected_at: iso(session.connectedAt),
    last_active_at: iso(session.lastActivityAt),
  }
}

const wordChoice = ({ choice }: UserRecord): PresenceExplanation['choice'] => ({
  status: choice.status,
  message: choice.message,
  expires_at: isoTime(choice.expiresAt),
  chosen_at: decidedAt(choice.version),
})

const wordVisibility = ({ visibility, pairs }: UserRecord): PresenceExplanation['visibility'] => ({
  show_online_status: visibility.visible,
  status_audience: visibility.levels.status,
  last_seen_audience: visibility.levels.lastSeen,
  coarse_last_seen: visibility.levels.coarse,
  decided_at: decidedAt(visibility.version),
  blocked_viewers: pairs.filter(({ blocked }) => blocked).length,
})
