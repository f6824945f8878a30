import type { Express, Request } from 'express'
import type { Server } from 'socket.io'
import type { UserIdCodec } from './domain/user-id.ts'
import type { IdentifyRequest, IdentifySocket, VerifyToken } from './gateway/identify.ts'
import type { Logger } from './telemetry/logger.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** The host's application around a presence system, wherever that keeps its data. */
export interface HostApp {
  /** The host's Socket.IO server. Its own events and namespaces stay as they are. */
  io: Server
  /** When given, activity tracking and the routes are mounted on it at once: pass it after its authentication. */
  app?: Express
  /** Who a connection or a request belongs to. @default `socket.user.id`, `req.user.id` */
  identify?: IdentifySocket & IdentifyRequest
  /**
   * Whose token this is, for connections that are renewed in place, and for those that Socket.IO recovered without asking who they are.
   * Without it a connection stands until its token ends, and its client comes back with the next one.
   */
  verifyToken?: VerifyToken
  /** How user ids look. @default uuidIds */
  userId?: UserIdCodec
  /** @default 'watchers' */
  audience?: 'watchers' | 'everyone'
  /** Whether a request is a sign of use. @default everything but GET, HEAD and OPTIONS */
  isActivity?: (req: Request) => boolean
  /** The host's say on a message: the one to store, or null to clear it. */
  moderateMessage?: (message: string, userId: string) => string | null | Promise<string | null>
  /**
   * Whether a viewer is somebody whom a user deals with, for those who let only them know something. Asked when it decides what is shown,
   * and believed for `relationCacheMs`; say `relationChanged` when it changes. Without it, and whenever it fails, nobody is (R36).
   */
  relation?: (viewerId: string, targetId: string) => boolean | Promise<boolean>
  /**
   * Caches in front of you are to give out nothing any more that carries one of these keys (`Surrogate-Key`): somebody hid, or the
   * directory changed. Nobody waits for it; what it throws is logged and counted.
   */
  onPurge?: (keys: readonly string[]) => unknown
  /** Where our routes lie, should the host have its own there. @default { presence: '/api/users/presence', providers: '/api/providers' } */
  paths?: { readonly presence?: string; readonly providers?: string }
  /** False lifts the limits on events and decisions, for load tests. @default true */
  rateLimit?: boolean
  /** @default a pino logger at `info` */
  logger?: Logger
  metrics?: Metrics
  /** Epoch milliseconds: the store's one clock. @default Date.now */
  clock?: () => number
}
