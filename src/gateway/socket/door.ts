import type { Namespace, Server } from 'socket.io'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'
import type { HttpDoor } from '../http/door.ts'
import type { IdentifySocket, VerifyToken } from '../identify.ts'
import type { DoorMetrics, Log } from '../log.ts'
import type { Limits } from '../limits.ts'

/** What the socket door is made of. */
export interface SocketDoor {
  /** The host's server, or the namespace `/` of it. */
  readonly io: Server | Namespace
  readonly verbs: PresenceVerbs
  readonly options: {
    readonly maxPayloadBytes: number
    readonly maxWatchedUsers: number
    readonly floodPenaltyMs: number
  }
  /** What ids of the directory look like. Absent: there is none, and no search to watch. */
  readonly directoryIds?: HttpDoor['directoryIds']
  readonly identify: IdentifySocket
  /** Checks the token of a connection that is renewed, or was recovered. Absent: connections are not renewed. */
  readonly verifyToken?: VerifyToken
  readonly codec: UserIdCodec
  readonly limits: Limits
  readonly log: Log
  readonly metrics?: DoorMetrics
  /** Epoch milliseconds, for the last sign of life of a connection, and for words. @default Date.now */
  readonly clock?: () => number
}
