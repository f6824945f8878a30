export type { PresenceInfo } from '../domain/info.ts'
export type { ChoosableStatus, Status } from '../domain/status.ts'
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
  ServerToClient,
  StatusChange,
  StatusEvent,
  WatchReply,
  WatchRequest,
} from './events.ts'
export type { DeviceSession, PresenceSettings, Problem, ProviderList, ProviderPresence } from './http.ts'
