import type { Status } from '../domain/status.ts'

/** A viewer took offence at a message: what they were shown, in epoch milliseconds. */
export interface Report {
  readonly userId: string
  readonly reporterId: string
  readonly message: string
  readonly status: Status
  readonly reason: string | null
  readonly at: number
}

/** A report that nobody has settled. It does not say whose it is. */
export type OpenReport = Omit<Report, 'reporterId'> & { readonly id: string }

/** Reports of messages. All verbs may throw {@link PresenceError} STORE_UNAVAILABLE. */
export interface ReportStore {
  /** @returns false when this viewer's report of this message is open already, or one of the two does not exist */
  save(report: Report): Promise<boolean>
  /** Oldest first. @param after the last one of the page before @throws {PresenceError} INVALID_CURSOR */
  open(after: string | null, limit: number): Promise<OpenReport[]>
  /** Settles all reports of a user. @returns how many were open */
  resolve(userId: string, by: string, at: number): Promise<number>
}
