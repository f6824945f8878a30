export { CONNECTION_TABLE } from './connection-state.ts'
export type { ConnectionEvent, ConnectionState } from './connection-state.ts'
export type {
  CloseReason,
  ConnectionInfo,
  Decision,
  OwnPresence,
  Presence,
  PresenceChange,
  PresenceClient,
  PresenceClientOptions,
  Readable,
} from './contract.ts'
export { createPresenceClient } from './presence-client.ts'
export { RequestError } from './request-error.ts'
