import type { Express, Request, RequestHandler, Router } from 'express'
import type { Server } from 'socket.io'
import type { UserIdCodec } from './domain/user-id.ts'
import type { FlagSource } from './flags/flag-source.ts'
import type { IsOperator } from './gateway/http/operator.ts'
import type { IsStaff } from './gateway/http/report-routes.ts'
import type { IdentifyRequest, IdentifySocket, VerifyToken } from './gateway/identify.ts'
import type { Limits } from './gateway/limits.ts'
import type { ProviderList, ProviderPresence, UserDataExport } from './protocol/http.ts'
import type { PresenceService } from './service/presence-service.ts'
import type { ReportNotice } from './service/report-message.ts'
import type { PresenceVerbs } from './service/verbs.ts'
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
  /** Hears of each new report of a message. Nobody waits for it; what it throws is logged. */
  onReport?: (report: ReportNotice) => unknown
  /** Who may settle reports over HTTP; a text names them for the record. @default nobody */
  isStaff?: IsStaff
  /** Who may use the operator page, which shows personal data (see `opsRouter`). @default nobody */
  isOperator?: IsOperator
  /** Where our routes lie, should the host have its own there. @default { presence: '/api/users/presence', providers: '/api/providers', ops: '/ops' } */
  paths?: { readonly presence?: string; readonly providers?: string; readonly ops?: string }
  /**
   * Where a request comes from, such as `(req) => req.ip` once Express knows your proxies (`trust proxy`). Without it no limit goes by
   * address: behind a proxy that is not trusted all would share one.
   */
  addressOf?: (req: Request) => string
  /**
   * For whom presence is switched on, by a flag of OpenFeature: decided when a session begins and when the flag changes (R70). To everybody
   * else your app is what it was without us. @default on for everybody
   */
  flags?: FlagSource
  /** False lifts the limits on events and decisions, for load tests. @default true */
  rateLimit?: boolean
  /** @default a pino logger at `info` */
  logger?: Logger
  metrics?: Metrics
  /** Epoch milliseconds: the store's one clock. @default Date.now */
  clock?: () => number
}

/** A running presence system. */
export interface PresenceSystem {
  service: PresenceService<ProviderList, UserDataExport>
  /** The routes of 4.3 with their full paths, for `app.use(presence.router())`. */
  router(): Router
  /**
   * The operator page and what it asks for, below `/ops`, for `app.use(presence.opsRouter())`: mounted only by who wants it. It lets in whom
   * `isOperator` names.
   */
  opsRouter(options?: { readonly isDraining?: () => boolean }): Router
  /** Notes requests that are a sign of use; mount it after authentication. */
  trackActivity(): RequestHandler
  /**
   * Say so when providers were added, changed or removed in your directory: searches find them as they are from then on. Without a word
   * that takes a minute or, with very many providers, half an hour.
   *
   * @returns whom it changed
   */
  directoryChanged(userIds: readonly string[]): Promise<string[]>
  /** Say so when `relation` answers something else for these two from now on: the viewer is told at once, on every node. */
  relationChanged(viewerId: string, targetId: string): Promise<void>
  /** Tells watchers once more what is true; it cannot change it, so `status` is only a name for readers. */
  broadcastPresence(userId: string, status?: string): Promise<void>
  /** Reads the presence filters of the host's own provider list into `req.presenceFilter`; for whom presence is off, none. */
  presenceFilter(): RequestHandler
  /** Adds presence fields to the host's own rows, as this viewer may see them; for whom presence is off, none. */
  withPresence(
    rows: readonly object[],
    viewerId: string | null,
    userIdOf?: (row: Record<string, unknown>) => unknown,
  ): Promise<(Record<string, unknown> & Partial<ProviderPresence>)[]>
  /** @throws {PresenceError} ALREADY_RUNNING when another process serves this database from memory · SCHEMA_CONFLICT when it was not migrated */
  start(): Promise<void>
  /**
   * Asks clients to move, and closes their connections one after the other, in such a way that they come back by themselves. Stop
   * listening before, or they come back to this node (R54).
   *
   * @param withinMs how long that may take, whatever hangs. @default drainMs
   */
  drain(withinMs?: number): Promise<void>
  /**
   * Drains what is left, leaves sessions to the other nodes or ends them, writes what is unwritten, and lets go of everything.
   *
   * @param withinMs how long that may take, whatever hangs. @default drainMs
   */
  stop(withinMs?: number): Promise<void>
  /** For the standalone server: health and metrics. */
  readonly verbs: PresenceVerbs
  readonly metrics: Metrics
  /** For the standalone server: what holds for events holds for what is below them. */
  readonly limits: Limits
}
