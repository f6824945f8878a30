/** The wire exists once, in the server's protocol (design 4.1, 4.4); this is the page's one door to it. */
export type {
  ChoosableStatus,
  ClientToServer,
  DeviceSession,
  ErrorReply,
  PresenceInfo,
  PresenceUpdate,
  ServerToClient,
  Status,
  StatusChange,
  WatchReply,
} from '../../../../src/protocol/index.ts'
