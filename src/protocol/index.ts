/**
 * `import … from 'porchlight/protocol'`: what goes over the wire, as types; see `docs/protocol.md`.
 *
 * @module protocol
 */

export type { PresenceInfo } from '../domain/info.ts'
export type { ChoosableStatus, Status } from '../domain/status.ts'
export { CLOSE_REASONS, type CloseCode, type Closing } from './close-reasons.ts'
export type {
  ClientToServer,
  ErrorReply,
  Handshake,
  PresenceUpdate,
  ProviderCard,
  ProviderCounts,
  ProvidersDiff,
  ProviderWatchReply,
  ProviderWatchRequest,
  RenewReply,
  RenewRequest,
  ServerToClient,
  StatusChange,
  StatusEvent,
  WatchReply,
  WatchRequest,
} from './events.ts'
export type { AudienceLevel } from '../domain/visibility.ts'
export type {
  Block,
  DeviceSession,
  MessageReport,
  MessageReports,
  PresenceSettings,
  Problem,
  ProviderList,
  ProviderPresence,
} from './http.ts'
export type {
  OperatorNode,
  OperatorOverview,
  OperatorReason,
  OperatorSample,
  OperatorSession,
  PresenceExplanation,
} from './operator.ts'
