import type { UserRecord } from '../domain/user-record.ts'

/** Where a session came from. */
export interface SessionTrace {
  readonly ipAddress: string | null
  readonly userAgent: string | null
}

/** Of sessions that are shortened, and of those that are deleted: moments in epoch milliseconds, or how many. */
export interface OldSessions {
  readonly shortened: number
  readonly deleted: number
}

export const ASKERS = ['self', 'host', 'operator'] as const
/** Who asked for somebody's data to be handed out or erased: they themself, the host's code, or an operator's command. */
export type Asker = (typeof ASKERS)[number]

/** What is kept of such a request: nothing that tells whose data it was. */
export interface AuditLine {
  readonly action: 'export' | 'erase'
  readonly askedBy: Asker
  /** Proves to whoever has the receipt whose data it was. */
  readonly proof: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** Rows that are stored of one user, by table; `users` holds the columns of the host's that presence writes. */
export type StoredRows = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

/** What a durable store does with personal data. All of it may be done again after a failure. */
export interface PersonalStore {
  /**
   * Shortens where sessions came from that began before a moment, the oldest first, each once; a later write does not bring it back (R35).
   *
   * @returns how many sessions it looked at: fewer than `limit`, and there is none left
   */
  shortenSessions(before: number, limit: number, shorten: (trace: SessionTrace) => SessionTrace): Promise<number>
  /** Deletes sessions that began before a moment and are over. @returns how many */
  deleteSessions(before: number, limit: number): Promise<number>
  /** How many are left to be shortened and deleted. */
  countOldSessions(moments: OldSessions): Promise<OldSessions>
  /** All that is stored of a user, and the line in the audit. @returns null when there is no such user */
  exportUser(userId: string, line: AuditLine): Promise<StoredRows | null>
  /**
   * Takes all of it away, except what is newer than `erased`, the record without anything of before. What others observed of the time
   * before `line.at` is not taken in any more, however late it comes.
   *
   * @returns how many rows it deleted or emptied
   */
  eraseUser(erased: UserRecord, line: AuditLine): Promise<number>
}
