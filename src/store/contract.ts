import type { Access } from '../domain/access.ts'
import type { Views } from '../domain/info.ts'
import type { Pair } from '../domain/pairs.ts'
import type { Choice } from '../domain/presence.ts'
import type { Counters } from '../domain/quota.ts'
import type { DeviceType, EndedSession, Revocation } from '../domain/session.ts'
import type { Step, UserRecord } from '../domain/user-record.ts'
import type { Decided, Visibility } from '../domain/visibility.ts'
import type { NodeDirectory } from './node-contract.ts'
import type { PersonalStore, SessionTrace } from './personal-contract.ts'
import type { Relisting, SearchStore } from './search-contract.ts'

export { PROVIDER_SORTS } from './search-contract.ts'
export type {
  Bounds,
  Listing,
  ListingPass,
  Place,
  ProviderPage,
  ProviderPosition,
  ProviderRow,
  ProviderSearch,
  ProviderSort,
  Relisting,
} from './search-contract.ts'
export type { Asker, AuditLine, OldSessions, PersonalStore, SessionTrace, StoredRows } from './personal-contract.ts'
export type { NodeState } from './node-contract.ts'
export type { OpenReport, ReportStore } from './report-contract.ts'

/** A pure change to one record. A store may run it again after a conflict, so it has no effects of its own. */
export type RecordStep = (record: UserRecord, now: number) => Step

/** A change that was made: the record before and after, and the sessions it ended. */
export interface RecordChange {
  readonly before: UserRecord
  readonly after: UserRecord
  readonly ended: readonly EndedSession[]
  /** Epoch milliseconds of the store's clock when it was made. */
  readonly at: number
}

/**
 * The live truth: who is here now. Every implementation passes `test/contract/hot-store.ts`.
 *
 * A user the store does not hold is *cold*: PostgreSQL knows them. Verbs answer that, the service warms the record.
 */
export interface HotStore {
  /** The one clock that rules and deadlines go by, as this node reads it (R7). @returns epoch milliseconds */
  now(): number
  /** The name under which sessions of this node are kept; a new one after its lease was lost. */
  nodeId(): string
  /** No version of this user given out by what was lost is as high (R7). A record from PostgreSQL starts above it. */
  versionFloor(userId: string): number
  /** Records of these users; cold users are left out. */
  read(userIds: readonly string[]): Promise<Map<string, UserRecord>>
  /** Takes in a record read from PostgreSQL, unless one is held already. */
  warm(record: UserRecord): Promise<void>
  /**
   * Changes one record atomically (R6), keeps its deadline, and remembers it as unprojected when its version moved. This
   * store's own listeners have heard of the change when the promise resolves (R32).
   *
   * @param cold the record to begin with when the store holds none, as PostgreSQL has it
   * @returns the change, or null when the user is cold
   */
  change(userId: string, step: RecordStep, cold?: UserRecord): Promise<RecordChange | null>
  /** Reserves a version for a decision that PostgreSQL takes before anybody sees it (R20). Null when cold. */
  stampVersion(userId: string): Promise<number | null>
  /** Users whose deadline has passed, earliest first; each is handed out once until it is changed (R4). */
  takeDue(limit: number): Promise<string[]>
  /** Epoch milliseconds of the earliest deadline, or null. */
  nextDeadline(): Promise<number | null>
  /** Records that PostgreSQL does not have yet, oldest first (R21). */
  unprojected(limit: number): Promise<UserRecord[]>
  /** Forgets that these users are unprojected, unless they have moved beyond the given version. */
  markProjected(projected: readonly { userId: string; version: number }[]): Promise<void>
  /** Hears of every change made through the store. @returns stops hearing */
  onChange(listener: (change: RecordChange) => void): () => void
  /** Forgets what it keeps of changes of this user that are over: the news of them, for nodes that have not heard yet. */
  forgetPast(userId: string): Promise<void>
  close(): Promise<void>
}

/** What others may be told of a user, and what decides it. */
export interface Seen extends Views {
  readonly visibility: Decided
}

/** A change that another node made: what this one has to tell its connections, and which of them to close. */
export interface RemoteChange extends Seen {
  readonly userId: string
  /** How it was before the change. */
  readonly before: Seen
  /** Whether there is anything special between the user and some viewers; only the record has all of it. */
  readonly hasPairs: boolean
  /** What of that the change made. */
  readonly pairs: readonly Pair[]
  /** Whether the host said something else of the user's access. */
  readonly accessChanged: boolean
  /** Epoch milliseconds of the store's clock. */
  readonly at: number
  /** By which whoever hears of it continues the trace of the node that made it, if it is traced. */
  readonly traceparent?: string
  /** Sessions it ended that were not of the node that made it. Only a revoked one has its connection closed: `why` says so. */
  readonly ended: readonly { readonly sessionId: string; readonly endedAt: number; readonly why: Revocation | null }[]
}

/** Whether the store can be believed: `lost` while it does not answer, since a moment in epoch milliseconds of this node. */
export interface StoreState {
  readonly state: 'live' | 'lost'
  readonly since: number
}

/** What a dead node left: users who had sessions there, and when it was last known to live (epoch milliseconds). */
export interface Abandoned {
  readonly nodeId: string
  readonly evidenceAt: number
  readonly userIds: readonly string[]
}

/** What becomes worth comparing with the store: everything, or what concerns some users. */
export type Concern = (userId: string) => boolean

/**
 * A hot store that several nodes share. Each holds a lease; what one changes the others hear, at most once and usually at once:
 * whoever must not miss anything compares with the store when `onDoubt` says so, and from time to time (R46).
 *
 * Each node handles the deadlines and writes the projections of what it changed last; `survey` finds what nobody did.
 */
export interface SharedHotStore extends HotStore, NodeDirectory {
  /** Takes a lease under a new name. @throws {PresenceError} INCOMPATIBLE_NODES, STORE_UNAVAILABLE */
  join(): Promise<void>
  /** Renews it, and reads the store's clock. @returns false when it was lost: what was this node's is being ended by others (R5) */
  renewLease(): Promise<boolean>
  /** Gives the lease up: nothing is left under this name. */
  leave(): Promise<void>
  /** Whether the caller is the one node that does this for the next `ms` milliseconds. */
  claim(task: string, ms: number): Promise<boolean>
  /**
   * Looks for what nobody takes care of. Deadlines and projections that are more than `lagMs` overdue are handed out by `takeDue` and
   * `unprojected` of this node from now on. No node is declared dead while this one itself just came back.
   *
   * @returns what nodes without a lease left
   */
  survey(lagMs: number): Promise<Abandoned[]>
  /** Counts for all nodes together; for each alone while the store does not answer. */
  readonly counters: Counters
  /** Whether this node goes, or went since its process began, by that name. */
  isOwnNode(nodeId: string): boolean
  /** Users with sessions under this node's name, as the store has it. */
  ownUsers(): Promise<string[]>
  /** Hears of what other nodes changed. @returns stops hearing */
  onRemoteChange(listener: (change: RemoteChange) => void): () => void
  /** Hears that something may have been missed. @returns stops hearing */
  onDoubt(listener: (concern: Concern) => void): () => void
  /** Hears that the store, or a part of it, lost everything (R23). @returns stops hearing */
  onAmnesia(listener: (concern: Concern) => void): () => void
  /** Tells other nodes whom the directory describes otherwise now. What gets lost is found out from time to time (R46). */
  tellRelisted(changed: readonly Relisting[]): Promise<void>
  /** Hears of it; null: of so many that they are not named. @returns stops hearing */
  onRelisted(listener: (changed: readonly Relisting[] | null) => void): () => void
  /** Looks whether something was missed or lost, and says so to `onDoubt` and `onAmnesia`. */
  checkLog(): Promise<void>
  state(): StoreState
  /** @returns stops hearing */
  onState(listener: (state: StoreState) => void): () => void
  /** Whether the store answers. */
  ping(): Promise<boolean>
}

/** One row of `user_sessions`, written behind. Times are epoch milliseconds. */
export interface SessionRow {
  readonly sessionId: string
  readonly userId: string
  readonly socketId: string
  readonly deviceType: DeviceType
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly connectedAt: number
  readonly lastPing: number
  readonly isActive: boolean
}

/** What only `user_sessions` knows of a session (R35). */
export interface SessionDetails extends SessionTrace {
  readonly lastPing: number
}

/** What the host said of a user's access. */
export interface AccessRow {
  readonly userId: string
  /** When it was said last, in microseconds of the store's clock, as versions are. */
  readonly saidAt: number
  readonly access: Access
}

/** What a user decided, or the host about them, stamped by the hot store. */
export type Decision =
  | { readonly kind: 'access'; readonly userId: string; readonly access: Access }
  | { readonly kind: 'choice'; readonly userId: string; readonly choice: Choice }
  | { readonly kind: 'visibility'; readonly userId: string; readonly visibility: Visibility }
  | ({ readonly kind: 'block'; readonly userId: string } & Pair)

/** PostgreSQL: what users decided, and the projection of the live truth. All writes are guarded by version. */
export interface DurableStore extends PersonalStore, SearchStore {
  /** Records as PostgreSQL knows them, without sessions; users that do not exist are left out. */
  load(userIds: readonly string[]): Promise<UserRecord[]>
  /** Stores a decision unless a newer one is stored. Resolves only when it is durable. */
  saveDecision(decision: Decision): Promise<void>
  /**
   * What was said of access later than this, oldest first, and of nobody who is gone.
   *
   * @param after microseconds of the store's clock, as versions are
   */
  accessSince(after: number, limit: number): Promise<readonly AccessRow[]>
  /** Those of these users who are not among the host's any more. */
  missingUsers(userIds: readonly string[]): Promise<string[]>
  /** Writes many records at once, into the host's four columns and the own table; never older over newer. */
  project(records: readonly UserRecord[]): Promise<void>
  /** Inserts or updates rows of `user_sessions`; an ended session stays ended. */
  saveSessions(rows: readonly SessionRow[]): Promise<void>
  /** Details of these sessions that are stored; others are left out. */
  sessionDetails(sessionIds: readonly string[]): Promise<Map<string, SessionDetails>>
  /**
   * Ends what an earlier run left behind: its sessions, and the presence of their users, by the last evidence (R8).
   *
   * @returns how many sessions it ended
   */
  endLeftovers(now: number): Promise<number>
  /** Writes down that this process is alive: the evidence `endLeftovers` goes by. */
  recordAlive(now: number): Promise<void>
  /** Users whom PostgreSQL holds as present, in order of their ids. @param after the last one of the page before */
  presentUsers(after: string | null, limit: number): Promise<string[]>
  /** Sessions that `user_sessions` holds as active, in order of their ids. @param after the last one of the page before */
  activeSessions(after: string | null, limit: number): Promise<{ sessionId: string; userId: string }[]>
  /** Marks rows of sessions as ended, with the last evidence that is in them. */
  endSessions(sessionIds: readonly string[]): Promise<void>
  /** Whether PostgreSQL answers. */
  ping(): Promise<boolean>
}
