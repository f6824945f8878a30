import type { PresenceInfo } from '../domain/info.ts'
import type { DeviceType, Session } from '../domain/session.ts'
import type { ChoosableStatus, Status } from '../domain/status.ts'
import type { UserRecord } from '../domain/user-record.ts'
import type { ExplainedPresence } from './operate/explain-presence.ts'
import type { Overview } from './operate/overview.ts'
import type { Preview } from './preview.ts'
import type { Settings } from './set-visibility.ts'
import type {
  Asker,
  Bounds,
  OpenReport,
  ProviderPosition,
  ProviderSort,
  SessionDetails,
  StoredRows,
} from '../store/contract.ts'

/** What is known of the device behind a connection. */
export interface DeviceInfo {
  readonly deviceType: DeviceType
  readonly deviceId: string | null
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly format?: 'events' | 'diff'
}

/** One of a user's own live sessions. */
export interface OwnSession {
  readonly session: Session
  readonly details: SessionDetails | null
}

/** All that is held of one user. */
export interface UserData {
  readonly record: UserRecord
  readonly stored: StoredRows
  /** For whoever asked, to prove later that it was handed out; nothing else holds it. */
  readonly receipt: string
  /** Epoch milliseconds. */
  readonly at: number
}

export interface ErasedData {
  readonly receipt: string
  /** Rows that were deleted or emptied. */
  readonly rows: number
}

export interface Snapshot {
  readonly presences: PresenceInfo[]
  /** User id to the opaque version of this viewer's view, as decimal digits. */
  readonly versions: Record<string, string>
  readonly stale: boolean
}

/**
 * How far a reader of a list has come. Lists change while they are read: until many were shown, the next page is the best of all who
 * were not, wherever they are by now, so that nobody is skipped or repeated.
 */
export interface ProviderPlace {
  /** Short names of those who were shown, the latest of them once they are many. */
  readonly shown: readonly string[]
  /** Where the list goes on when more were shown than are named; null: with the best of the others. */
  readonly after: ProviderPosition | null
}

/** A search as a front door understood it. Durations in milliseconds; null: no such condition. */
export interface ProviderQuery {
  readonly cityId: string | null
  readonly serviceId: string | null
  readonly statuses: readonly Status[] | null
  readonly lastSeenWithinMs: number | null
  readonly activeWithinMs: number | null
  /** A part of the name. */
  readonly name: string | null
  readonly price: Bounds
  readonly rating: Bounds
  readonly sort: ProviderSort
  readonly limit: number
  /** Null: from the top. */
  readonly place: ProviderPlace | null
}

export interface FoundProvider {
  readonly userId: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly presence: PresenceInfo
  /** Version of the strangers' view that `presence` words. It stays inside. */
  readonly version: number
  readonly position: ProviderPosition
}

export interface ProviderResult {
  readonly providers: readonly FoundProvider[]
  /** Where the next page starts, or null at the end. */
  readonly next: ProviderPlace | null
  readonly counts: Readonly<Record<Exclude<Status, 'offline'>, number>>
  /** Epoch milliseconds, or null. */
  readonly asOf: number | null
  readonly stale: boolean
  /** How old a result is that was found earlier and is answered because nobody can be searched now (R50), in milliseconds. */
  readonly ageMs?: number
}

/** A search that a connection is told about from now on: its window, and the number of the last diff that is in it. */
export interface WatchedProviders {
  readonly watchId: string
  readonly seq: number
  readonly result: ProviderResult
}

/** Somebody whom a user blocks. */
export interface BlockedViewer {
  readonly userId: string
  /** Epoch milliseconds. */
  readonly blockedAt: number
}

/**
 * Everything the front doors may ask for; one file of this room implements each. User ids are canonical text (see
 * `UserIdCodec`). All may throw {@link PresenceError} STORE_UNAVAILABLE, and USER_NOT_FOUND for a user who is not there.
 */
export interface PresenceVerbs {
  /**
   * Whether presence is switched on for this user (R70); at once when it is for everybody.
   *
   * @param userId null: somebody who is not known
   */
  isOn(userId: string | null): true | Promise<boolean>
  /**
   * Lets a caller in, or says why not (R61).
   *
   * @param issuedAt of their token, in epoch milliseconds; null: not known. Undefined: there is none
   * @throws {PresenceError} UNAUTHENTICATED, BANNED
   */
  admit(userId: string, issuedAt?: number | null): Promise<void>
  /** Ends all of a user's sessions and lets them in no more. @returns how many it ended. @throws {PresenceError} NOT_DURABLE */
  banUser(userId: string): Promise<number>
  unbanUser(userId: string): Promise<void>
  /** The host deleted this user. @returns how many sessions it ended */
  forgetUser(userId: string): Promise<number>
  /** Refuses tokens that were issued before now, and ends all sessions. @returns how many. @throws {PresenceError} NOT_DURABLE */
  revokeTokens(userId: string): Promise<number>
  /**
   * Starts a session for a new connection and makes the connection known to the broadcaster. For somebody for whom presence is switched
   * off it only remembers the connection, and `presence` is null: the session begins by itself when that changes (R71).
   *
   * @param issuedAt see `admit`
   * @throws {PresenceError} UNAUTHENTICATED, BANNED
   */
  connectSession(
    userId: string,
    socketId: string,
    device: DeviceInfo,
    issuedAt?: number | null,
  ): Promise<{ sessionId: string; presence: PresenceInfo | null }>
  /** The connection is gone. `reason` is Socket.IO's; clean ones end the session at once (R3). Never throws for unknown ids. */
  disconnectSession(sessionId: string, reason: string, evidenceAt?: number): Promise<void>
  /** A sign of use on one session; costs nothing while it is active already (R12). */
  noteSessionActivity(sessionId: string): Promise<void>
  /** A sign of use that belongs to no session, such as a request (R12). */
  noteUserActivity(userId: string): Promise<void>
  /** @throws {PresenceError} USER_NOT_FOUND */
  readPresence(userId: string, viewerId: string | null): Promise<PresenceInfo>
  /** Unknown ids are left out. The order is that of the ids. */
  readPresences(userIds: readonly string[], viewerId: string | null): Promise<Snapshot>
  /** Replaces what a connection watches and answers the snapshot, without ids whose `known` version is current (R41). */
  watchUsers(
    socketId: string,
    viewerId: string,
    users: readonly string[],
    known: Readonly<Record<string, string>>,
  ): Promise<Snapshot>
  /** Ends all that a connection watches, users and searches. */
  unwatchAll(socketId: string): void
  /**
   * Tells a connection of this search from now on, whatever else it watches; the same search again is the same watch.
   *
   * @throws {PresenceError} NOT_FOUND when the host described no directory, LIMIT_EXCEEDED
   */
  watchProviders(socketId: string, query: ProviderQuery): Promise<WatchedProviders>
  unwatchProviders(socketId: string, watchId: string): void
  /** @param message undefined: kept; null or empty: cleared. @param expiresInS seconds, null: until changed */
  chooseStatus(
    userId: string,
    choice: { status: ChoosableStatus; message: string | null | undefined; expiresInS: number | null },
  ): Promise<PresenceInfo>
  /**
   * Keeps that a viewer took offence at the message they are shown of a user.
   *
   * @throws {PresenceError} NOT_FOUND when they are shown none
   */
  reportMessage(userId: string, reporterId: string, reason: string | null): Promise<void>
  /** Reports that nobody has settled, oldest first. @param after the id of the last one of the page before */
  openReports(after: string | null, limit: number): Promise<OpenReport[]>
  /** Takes a user's message away and settles the reports of it. @param by who did it */
  clearMessage(userId: string, by: string): Promise<void>
  readSettings(userId: string): Promise<Settings>
  /** What is left out is kept. @throws {PresenceError} NOT_DURABLE when it holds live but is not stored yet (R32) */
  changeSettings(userId: string, change: Partial<Settings>): Promise<Settings>
  /** What somebody of that kind sees of the user now. */
  previewPresence(userId: string, as: Preview): Promise<PresenceInfo>
  /** Whom the user blocks, the latest first. */
  listBlocks(userId: string): Promise<BlockedViewer[]>
  /**
   * Blocks a viewer, or does not any more; doing so again is harmless (R37).
   *
   * @throws {PresenceError} INVALID_ID of oneself, LIMIT_EXCEEDED, NOT_DURABLE when it holds live but is not stored yet (R32)
   */
  setBlock(userId: string, viewerId: string, blocked: boolean): Promise<void>
  /** The host says something else of the two from now on: everybody who watches is told at once (R36). */
  relationChanged(viewerId: string, userId: string): Promise<void>
  listSessions(userId: string): Promise<OwnSession[]>
  /** Signs one of the user's own sessions out. @throws {PresenceError} SESSION_NOT_FOUND */
  signOutSession(userId: string, sessionId: string): Promise<void>
  /** Signs all of them out. @returns how many */
  signOutEverywhere(userId: string): Promise<number>
  /** All that is held of a user, for themself; a line in the audit says that it was handed out, not whose it was. */
  exportUser(userId: string, askedBy: Asker): Promise<UserData>
  /** Takes all of it away, here, on all nodes and in PostgreSQL, and signs the user out everywhere. Harmless when done again. */
  eraseUser(userId: string, askedBy: Asker): Promise<ErasedData>
  /** @throws {PresenceError} NOT_FOUND when the host described no directory */
  findProviders(query: ProviderQuery): Promise<ProviderResult>
  /** The host's directory changed for these providers: searches find them as they are now. @returns whom it changed */
  refreshDirectory(userIds: readonly string[]): Promise<string[]>
  /** Ends what nobody answers for any more. @returns how many sessions ended */
  cleanupInactiveSessions(): Promise<number>
  /** A socket reported an error: log, count, ask to resynchronise, or drop the transport so that the client comes back. */
  handleSocketError(userId: string, error: unknown, socketId?: string): void
  /** Announces again what is true. */
  repeatPresence(userId: string): Promise<void>
  /** Whether PostgreSQL and the hot store answer. */
  checkHealth(): Promise<{ postgres: boolean; store: boolean }>
  /**
   * Says to an operator why a user has the status they are shown with, and what else plays a part. It never throws because something is
   * away: that is part of the answer.
   *
   * @param viewerId somebody who is shown something else than was expected
   */
  explainPresence(userId: string, viewerId: string | null): Promise<ExplainedPresence>
  /** How the system is, for an operator. @param after only newer samples, by node. Epoch milliseconds */
  overview(after: ReadonlyMap<string, number>): Promise<Overview>
}
